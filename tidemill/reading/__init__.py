"""Reading sources: CSV, tab-separated text, JSON Lines and Parquet, from any URL, as plain types."""

from tidemill.reading.dataset import Dataset, open_dataset
from tidemill.reading.files import Format

__all__ = ["Dataset", "Format", "open_dataset"]
