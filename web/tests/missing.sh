#!/bin/sh
# Print what the tests of the page lack on this machine; nothing if nothing.
has() { command -v "$1" >/dev/null; }
new_enough='const [a, b] = process.versions.node.split(".").map(Number);
process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
if ! has npm; then
  echo "npm is not there"
elif ! node -e "$new_enough"; then
  echo "Node.js is $(node --version); 20.19 or 22.12 is needed, or newer"
elif [ -z "$CHROMIUM" ] && ! has chromium && ! has chromium-browser && ! has google-chrome; then
  echo "chromium is not there"
fi
