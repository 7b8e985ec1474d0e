"""The oil-price exemplar's training program: prepare the data, train, judge, export."""
