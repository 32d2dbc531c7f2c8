#!/usr/bin/env bash
# A Docker engine and Compose on a bare Debian or Ubuntu machine, and debootstrap for the compatible image.
# Does nothing when an engine answers. Needs root. The engine outlives this script; its log is /var/log/dockerd.log.
set -euo pipefail

missing=()
command -v dockerd >/dev/null || missing+=(docker.io iptables)
docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || missing+=(docker-compose)
command -v debootstrap >/dev/null || missing+=(debootstrap)
if docker info >/dev/null 2>&1; then
  missing=("${missing[@]/docker.io/}")
  missing=("${missing[@]/iptables/}")
fi
read -r -a missing <<<"${missing[*]:-}"
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
# Debian 13 and later have the client in a package of its own.
command -v docker >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker-cli >/dev/null

if ! docker info >/dev/null 2>&1; then
  setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &
  for _ in $(seq 60); do
    docker info >/dev/null 2>&1 && break
    sleep 1
  done
fi
docker info >/dev/null || { tail -n 50 /var/log/dockerd.log >&2; exit 3; }
