# Sourced by .ci/run after `make test`: makes PostgreSQL, Redis, RabbitMQ and Node answer, and
# exports where they are. Uses what is there; otherwise installs and starts it, as root.

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for() { # NAME PORT
  for _ in $(seq 60); do
    if answers "$2"; then
      echo "$1 answers on 127.0.0.1:$2."
      return
    fi
    sleep 1
  done
  echo "$1 does not answer on 127.0.0.1:$2." >&2
  exit 1
}

install_packages() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "Not installed: $*. Install and start it, or run this as root." >&2
    exit 1
  fi
  echo "Installing $*"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

start_postgresql() {
  local version
  ls /etc/postgresql/*/main >/dev/null 2>&1 || install_packages postgresql
  answers 5432 && return
  version=$(ls /etc/postgresql | sort -V | tail -n 1)
  # Installing may have started it already; whether it answers is asked below.
  pg_ctlcluster --skip-systemctl-redirect "$version" main start || true
}

start_redis() {
  command -v redis-server >/dev/null || install_packages redis-server
  answers 6379 && return
  redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save "" >/dev/null
}

start_rabbitmq() {
  command -v rabbitmq-server >/dev/null || install_packages rabbitmq-server
  answers 5672 && return
  rabbitmq-server -detached || true
}

node_major() { node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/'; }

# A server that lets the role postgres in without a password is used as it is; on any other, the
# role trueup is made first, through the socket, as the system user postgres.
prepare_database() {
  local url
  for url in postgresql://postgres@127.0.0.1:5432 postgresql://trueup:trueup@127.0.0.1:5432; do
    if make_database "$url"; then
      export TRUEUP_TEST_DATABASE_URL=${url/postgresql:/postgresql+psycopg:}/trueup_test
      return
    fi
    if [ "$(id -u)" -eq 0 ]; then
      (cd / && runuser -u postgres -- psql -qc \
        "CREATE ROLE trueup LOGIN CREATEDB PASSWORD 'trueup'") 2>/dev/null || true
    fi
  done
  echo "PostgreSQL lets neither postgres nor trueup in." >&2
  exit 1
}

make_database() { # URL without a database
  .venv/bin/python - "$1/postgres" <<'PY' 2>/dev/null
import sys

import psycopg

with psycopg.connect(sys.argv[1], autocommit=True, connect_timeout=10) as connection:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'trueup_test'")
    if found.fetchone() is None:
        connection.execute("CREATE DATABASE trueup_test")
PY
}

answers 5432 || start_postgresql
answers 6379 || start_redis
answers 5672 || start_rabbitmq
wait_for PostgreSQL 5432
wait_for Redis 6379
wait_for RabbitMQ 5672
prepare_database
export TRUEUP_TEST_REDIS_URL=redis://127.0.0.1:6379/15
export TRUEUP_TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/

if [ "$(node_major || true)" = "" ] || ! command -v npm >/dev/null; then
  install_packages nodejs npm
fi
if [ "$(node_major)" -lt 20 ]; then
  echo "Node $(node --version) is too old: the counterparts need 20 or newer." >&2
  exit 1
fi
echo "Node $(node --version) is here."
