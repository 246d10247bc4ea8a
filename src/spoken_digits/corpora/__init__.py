"""Where recordings come from: fetched or synthesised, and packed into shards."""
