"""The use case: what ``usecase.yaml`` says, where it is found, and how it is read."""

from tidemill.usecase.loading import list_usecases, load_usecase, project_folder, read_usecase
from tidemill.usecase.publishing import json_schema
from tidemill.usecase.schema import UseCase

__all__ = ["UseCase", "json_schema", "list_usecases", "load_usecase", "project_folder", "read_usecase"]
