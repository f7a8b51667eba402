#!/bin/sh
# Installs the Debian packages that the interop, browser and benchmark tests use; without them those tests are skipped by name.
# Needs root. Tested on Debian 12.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# dumpcap without a setuid group: the tests read files, they do not capture.
echo "wireshark-common wireshark-common/install-setuid boolean false" | debconf-set-selections
apt-get install -qy --no-install-recommends tshark chromium iproute2 iputils-ping ethtool socat openvswitch-switch nats-server python3-scapy gcc libc6-dev clang lld
# The tests start servers of their own; Debian's, where something has started it, is not needed.
if [ -d /run/systemd/system ]; then systemctl disable --now nats-server 2>/dev/null || true; fi
