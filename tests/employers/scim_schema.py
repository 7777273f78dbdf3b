"""Writes schemas.json and types.json for scim2-server: its own, and the connector's extension of User. usage: scim_schema.py URN"""
import json
import pathlib
import sys

import scim2_server

URN = sys.argv[1]
PARTS = ("value", "display", "uri", "level", "issuer", "credential", "validFrom", "validUntil", "receipt")


def attribute(name, **more):
    usual = {"type": "string", "multiValued": False, "description": name, "required": False, "caseExact": False}
    return {"name": name, **usual, "mutability": "readWrite", "returned": "default", "uniqueness": "none", **more}


resources = pathlib.Path(scim2_server.__file__).parent / "resources"
schemas = json.loads((resources / "default-schemas.json").read_text())
types = json.loads((resources / "default-resource-types.json").read_text())
skills = attribute("skills", type="complex", multiValued=True, subAttributes=[attribute(part) for part in PARTS])
schemas.append({
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": URN, "name": "Skills", "description": "Skills",
    "attributes": [attribute("candidate"), skills],
})
user = next(one for one in types if one["id"] == "User")
user.setdefault("schemaExtensions", []).append({"schema": URN, "required": False})
pathlib.Path("schemas.json").write_text(json.dumps(schemas))
pathlib.Path("types.json").write_text(json.dumps(types))
