"""A radiance field on a grid.

It has density and colour in a cube, volume rendering, and marching cubes to make a mesh of it.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.errors import CounterpointError
from core.files import save_mesh
from core.geometry.paint import as_light


class Volume(nn.Module):
    """A NeRF without a network.

    It has values at the corners of ``size``^3 cells of the cube [-0.5, 0.5]^3 (y up), interpolated trilinearly.
    """

    def __init__(self, size: int = 64):
        super().__init__()
        ticks = torch.linspace(-0.5, 0.5, size)
        z, y, x = torch.meshgrid(ticks, ticks, ticks, indexing="ij")
        ball = 5 * (0.35 - (x**2 + y**2 + z**2).sqrt()) / 0.35  # where shapes grow from, as in DreamFusion
        self.density = nn.Parameter(ball[None, None])
        self.color = nn.Parameter(torch.zeros(1, 3, size, size, size))

    def at(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return density and colour at points.

        Args:
            points: float32 [..., 3] in the frame of the cube, whose side is 1.

        Returns:
            The density float32 [...], not below 0, per side of the cube; it is 0 outside. The colour RGB float32 [...,
            3] in [0, 1].
        """
        grid = (2 * points).reshape(1, -1, 1, 1, 3)
        inside = (points.abs() <= 0.5).all(-1)
        density, color = (
            F.grid_sample(values, grid, align_corners=True)[0, :, :, 0, 0] for values in (self.density, self.color)
        )
        sigma = 20 * F.softplus(density[0].reshape(inside.shape)) * inside
        return sigma, torch.sigmoid(color.T.reshape(*inside.shape, 3))

    def draw(
        self, R: torch.Tensor, fov: float, distance: float, size: int, samples: int = 64, background: float = 1.0
    ) -> torch.Tensor:
        """Render pictures by volume rendering; gradients go through.

        Args:
            R: float32 [B, 3, 3], the rotations from the cube's axes to the camera's (OpenCV).
            fov: the field of view in radians.
            distance: of the cameras from the middle of the cube, whose side is 1.
            size: the side of a picture in pixels.
            samples: the number of samples along each ray.
            background: the grey of the background, in [0, 1].

        Returns:
            RGB float32 [B, 3, size, size] in [0, 1].
        """
        ticks = (torch.arange(size, device=R.device) + 0.5) / size * 2 - 1
        v, u = torch.meshgrid(ticks, ticks, indexing="ij")
        ray = torch.stack([u * np.tan(fov / 2), v * np.tan(fov / 2), torch.ones_like(u)], dim=-1)
        directions = F.normalize(ray, dim=-1).reshape(1, -1, 3) @ R
        eye = -distance * R[:, 2][:, None]
        depth = torch.linspace(distance - 0.87, distance + 0.87, samples, device=R.device)
        sigma, color = self.at(eye[:, :, None] + directions[:, :, None] * depth[:, None])
        alpha = 1 - torch.exp(-sigma * (depth[1] - depth[0]))
        through = torch.cumprod(
            torch.cat([torch.ones_like(alpha[..., :1]), 1 - alpha[..., :-1] + 1e-10], dim=-1), dim=-1
        )
        weight = alpha * through
        picture = (weight[..., None] * color).sum(-2) + background * (1 - weight.sum(-1, keepdim=True))
        return picture.reshape(len(R), size, size, 3).permute(0, 3, 1, 2)

    @torch.no_grad()
    def save_mesh(self, path: str | Path, level: float = 0.0) -> None:
        """Write the surface with its colours as a mesh with y up.

        Args:
            path: of the file; its suffix chooses the format.
            level: of the surface, in the density before it is made positive (marching cubes).

        Raises:
            CounterpointError: there is no surface, or scikit-image is not installed.
        """
        import trimesh

        try:
            from skimage.measure import marching_cubes
        except ImportError:
            raise CounterpointError(
                'Meshes of generated shapes need scikit-image: pip install "counterpoint[diffusion]".'
            ) from None
        values = F.pad(self.density[0, 0].cpu(), (1,) * 6, value=-10.0).numpy()
        if not (values > level).any():
            raise CounterpointError("Nothing grew: the generated shape is empty. Take more steps or other photos.")
        vertices, faces, _, _ = marching_cubes(values, level)
        size = self.density.shape[-1]
        points = (vertices[:, ::-1] - 1) / (size - 1) - 0.5
        _, color = self.at(torch.from_numpy(points.astype(np.float32)).to(self.density.device))
        rgb = (color.cpu().numpy() * 255).astype(np.uint8)
        if Path(path).suffix.lower() in (".glb", ".gltf"):
            rgb = as_light(rgb)
        mesh = trimesh.Trimesh(points, faces, vertex_colors=rgb, process=False)
        if mesh.volume < 0:
            mesh.invert()
        save_mesh(path, mesh)
