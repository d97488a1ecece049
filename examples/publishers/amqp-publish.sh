#!/usr/bin/env bash
# Publish one event with amqp-publish (Debian: amqp-tools): a CloudEvent in binary mode.
#
# AMQP_SERVER=host AMQP_AUTHFILE=rabbitmq.auth ./amqp-publish.sh inventory.car-created.v1 < car.json
#
# The authfile holds two lines, username:NAME and password:SECRET; in a URL on the command line
# everybody on this machine could read them.
#
# amqp-publish knows neither confirms nor mandatory. What it can tell: the exchange is there and
# the broker has read the message before it closed the channel. So the type is checked here, and
# for what must not get lost, ask afterwards: inventory-worker message ID.
set -euo pipefail

readonly SOURCE=/examples/amqp-publish
readonly TYPES='inventory.car-created.v1 inventory.price-changed.v1 inventory.car-withdrawn.v1 inventory.financing-plan-offered.v1'

type=${1:?which type? one of $TYPES}
body=$(cat)

if [[ " $TYPES " != *" $type "* ]]; then
  echo "not sent: no queue takes $type; there are $TYPES" >&2
  exit 1
fi

# The same id whenever the same event is sent again, and only then.
id=$(printf '%s\n%s\n%s' "$SOURCE" "$type" "$body" | sha256sum | cut -c1-32)

printf '%s' "$body" | amqp-publish \
  --server="$AMQP_SERVER" --port="${AMQP_PORT:-5672}" --vhost="${AMQP_VHOST:-/}" \
  --authfile="$AMQP_AUTHFILE" \
  --exchange=inventory.events --routing-key="$type" --persistent \
  --content-type=application/json \
  --header="ce-specversion: 1.0" --header="ce-id: $id" \
  --header="ce-source: $SOURCE" --header="ce-type: $type"

echo "$id"
