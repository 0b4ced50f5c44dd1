"""Reading sources: CSV, tab-separated text, JSON Lines and Parquet, from any URL, as plain types."""

from tidemill.reading.dataset import Dataset, open_dataset
from tidemill.reading.options import BadRows, Format, Reading

__all__ = ["BadRows", "Dataset", "Format", "Reading", "open_dataset"]
