"""From a display mesh to what VTK draws: polydata, texture, and the colours of the vertices."""

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkDataArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingCore import vtkTexture

from app.panels.display import DisplayMesh

Colors = npt.NDArray[np.uint8]

CLAY = (190, 192, 198)


def base_colors(mesh: DisplayMesh) -> Colors:
    """Vertex colours uint8 [V, 3] of the shape itself: its own, its texture's at the vertices, or clay."""
    if mesh.colors is not None:
        return mesh.colors
    if mesh.uv is not None and mesh.texture is not None:
        height, width = mesh.texture.shape[:2]
        column = np.clip(np.nan_to_num(mesh.uv[:, 0] % 1.0) * width, 0, width - 1).astype(np.intp)
        row = np.clip((1.0 - np.nan_to_num(mesh.uv[:, 1] % 1.0)) * height, 0, height - 1).astype(np.intp)
        return mesh.texture[row, column]
    return np.full((len(mesh.points), 3), CLAY, np.uint8)


def polydata_of(mesh: DisplayMesh) -> vtkPolyData:
    """Points, cells, normals and texture coordinates, copied; no colours."""
    points = vtkPoints()
    points.SetData(_copied(mesh.points.astype(np.float32)))
    count, corners = (len(mesh.points), 1) if mesh.is_point_cloud else (len(mesh.faces), 3)
    ids = np.arange(count, dtype=np.int32) if mesh.is_point_cloud else mesh.faces.astype(np.int32).ravel()
    cells = vtkCellArray()
    cells.SetData(_copied(np.arange(0, corners * count + 1, corners, dtype=np.int32)), _copied(ids))
    polydata = vtkPolyData()
    polydata.SetPoints(points)
    if mesh.is_point_cloud:
        polydata.SetVerts(cells)
    else:
        polydata.SetPolys(cells)
    if mesh.normals is not None:
        polydata.GetPointData().SetNormals(_copied(mesh.normals.astype(np.float32)))
    elif not mesh.is_point_cloud:
        polydata.GetPointData().SetNormals(_computed_normals(polydata))
    if mesh.uv is not None:
        polydata.GetPointData().SetTCoords(_copied(mesh.uv.astype(np.float32)))
    return polydata


def texture_of(mesh: DisplayMesh) -> vtkTexture | None:
    """The shape's picture, filtered and repeated; None for a shape without."""
    if mesh.texture is None or mesh.uv is None:
        return None
    height, width = mesh.texture.shape[:2]
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(_copied(mesh.texture[::-1].reshape(-1, 3)))
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.InterpolateOn()
    texture.MipmapOn()
    texture.RepeatOn()
    return texture


def _computed_normals(polydata: vtkPolyData) -> vtkDataArray:
    normals = vtkPolyDataNormals()
    normals.SetInputData(polydata)
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput().GetPointData().GetNormals()


def _copied(values: npt.NDArray) -> vtkDataArray:
    return numpy_to_vtk(np.ascontiguousarray(values), deep=1)
