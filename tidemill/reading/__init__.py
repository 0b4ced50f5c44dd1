"""Reading sources: CSV, tab-separated text, JSON Lines and Parquet, from any URL, as plain types."""

from tidemill.reading.dataset import Dataset, open_dataset
from tidemill.reading.options import BadRows, DecimalMark, Encoding, Format, Reading

__all__ = ["BadRows", "Dataset", "DecimalMark", "Encoding", "Format", "Reading", "open_dataset"]
