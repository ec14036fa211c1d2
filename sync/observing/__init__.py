"""Look at what a target holds, and believe it: page by page, without holding it all."""
