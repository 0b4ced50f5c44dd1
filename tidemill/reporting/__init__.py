"""What people read: the pages and charts of the training report and of monitoring, and the model card."""
