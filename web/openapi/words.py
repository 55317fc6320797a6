"""What the OpenAPI document says in words."""

from __future__ import annotations

WEBSOCKET = "/ws"

ABOUT = """A node-graph engine for Stable Diffusion.

There are two ways in. `/v1` is plain: post a job, wait for its outputs or follow its events. All other routes speak
ComfyUI's protocol. Each of these exists a second time below `/api`, where browsers ask for it: `/api/prompt` is
`/prompt`. Only `/`, `/docs`, `/openapi.json`, `/internal` and the files in `/extensions` and `/templates` do not.

`GET /ws?clientId=ID` is a websocket. It sends what happens to the jobs that were posted with that client id, as JSON
`{"type": ..., "data": ...}`, and pictures of unfinished work as binary frames.
"""

TAGS = {
    "jobs": "The plain API: posting a job, waiting for it, following it, cancelling it.",
    "workflows": "The plain API: workflows as functions, to be run by name.",
    "verifying": "The plain API: pictures made again, and whether the same comes of it.",
    "sharing": "The plain API: links to workflows, bundles, versions and tags.",
    "queue": "Posting jobs, looking at those that wait and run, and stopping them.",
    "history": "Jobs that have ended, with their outputs, and why their nodes ran.",
    "job list": "One list of what waits, runs and has ended, as newer front ends ask for it.",
    "nodes": "Node types: their inputs and outputs.",
    "models": "Model files by folder.",
    "users": "Who uses this server.",
    "settings": "What a user has set in the front end.",
    "userdata": "A user's own files: workflows and whatever else the front end keeps.",
    "front end": "The page at / and what it loads: scripts, translations, templates and blueprints.",
    "internal": "What only the front end asks for: the log, and where folders are.",
    "assets": "Files by what they contain: switched off here, and told so.",
    "files": "Pictures and other files that nodes wrote or users sent.",
    "memory": "What is in memory, and how much of it there is.",
    "system": "What this server is, can do and runs on.",
}
"""What the routes under each tag are for. A tag has its line here, or the document is not complete."""
