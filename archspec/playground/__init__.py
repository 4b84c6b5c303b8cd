"""The page on which a spec is edited and seen: in the browser alone, or served by ``archspec live``."""
