# Shared by packaging/start and packaging/test: an environment with everything installed, made once.
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE  # packages are compiled when they are first imported, once
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${COUNTERPOINT_VENV:-$root/.venv}
qt_libraries="libegl1 libgl1 libgl1-mesa-dri libopengl0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1
  libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-sync1 libxcb-xfixes0 libxcb-xinerama0 libxcb-xkb1 libdbus-1-3 libfontconfig1
  libx11-6 libxrender1 libxext6 fonts-dejavu-core"
open3d_libraries="libusb-1.0-0 libgomp1"

say() { printf '\033[1m%s\033[0m\n' "counterpoint: $*"; }

# The first Python of 3.11 or newer.
find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  say "Python 3.11 or newer is needed; on Debian and Ubuntu: apt-get install python3 python3-venv" >&2
  return 1
}

# Install Debian packages that are missing; where that is not allowed, print the one line to run and go on.
install_system() {
  command -v dpkg-query >/dev/null || { say "not a Debian system; see packaging/common.sh for the libraries Qt and Open3D need"; return 0; }
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo="sudo -n"; else
      say "system libraries are missing; please run:  sudo apt-get install -y ${missing[*]}"
      return 0
    fi
  fi
  say "installing system libraries: ${missing[*]}"
  $sudo apt-get update -qq || true
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    say "some could not be installed; please run:  sudo apt-get install -y ${missing[*]}"
}

# The Python environment with this checkout and the given extras; done again only when something changed.
install_python() {
  local extras=$1 python stamp
  python=$(find_python)
  stamp=$("$python" -c 'import sys; print(sys.version)' | cat - "$root/pyproject.toml" "$root/packaging/constraints.txt" | sha256sum | cut -d' ' -f1)
  if [ -x "$venv/bin/python" ] && grep -qsxF "$stamp $extras" "$venv/counterpoint-stamps"; then return 0; fi
  if [ ! -x "$venv/bin/pip" ]; then
    say "making an environment in $venv with $python"
    if ! "$python" -m venv "$venv" 2>/dev/null; then
      rm -rf "$venv"
      wait  # apt-get runs once at a time
      install_system python3-venv "$(basename "$(readlink -f "$python")")-venv"
      "$python" -m venv "$venv"
    fi
  fi
  say "installing Python packages (about 6 GB the first time, a few minutes)"
  local what=(-c "$root/packaging/constraints.txt" -e "$root$extras")
  # uv takes a quarter of pip's time; it does not read pip's settings, so where those matter pip does it.
  { "$venv/bin/pip" install -q --no-compile --disable-pip-version-check uv && "$venv/bin/uv" pip install -q --python "$venv/bin/python" "${what[@]}"; } ||
    "$venv/bin/pip" install -q --no-compile --disable-pip-version-check "${what[@]}"
  echo "$stamp $extras" >>"$venv/counterpoint-stamps"
}
