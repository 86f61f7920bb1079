"""Binary PLY written from arrays; plyfile, which reads it, writes lists row by row and takes ten times as long."""

import numpy as np
import numpy.typing as npt

_TYPES = {"f4": "float", "f8": "double", "i4": "int", "u1": "uchar", "u2": "ushort"}


def ply_bytes(elements: dict[str, npt.NDArray], comment: str) -> bytes:
    """A little-endian PLY of structured arrays [n] by the name of their element; fields of several numbers become lists."""
    header, body = ["ply", "format binary_little_endian 1.0", f"comment {comment}"], []
    for name, rows in elements.items():
        header.append(f"element {name} {len(rows)}")
        fields: list[tuple[str, str, tuple[int, ...]]] = []
        for field in rows.dtype.names or ():
            base, size = rows.dtype[field].base, rows.dtype[field].shape
            kind = _TYPES[base.str[1:]]
            header.append(f"property list uchar {kind} {field}" if size else f"property {kind} {field}")
            fields += [(f"count of {field}", "u1", ())] if size else []
            fields.append((field, f"<{base.str[1:]}", size))
        packed = np.zeros(len(rows), np.dtype(fields))
        for field in rows.dtype.names or ():
            packed[field] = rows[field]
            if rows.dtype[field].shape:
                packed[f"count of {field}"] = rows.dtype[field].shape[0]
        body.append(packed.tobytes())
    return "\n".join([*header, "end_header\n"]).encode("ascii") + b"".join(body)
