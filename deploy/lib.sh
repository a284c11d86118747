# shellcheck shell=bash
# What the commands in this folder share. Sourced, never run.

# Where this clone is, with symbolic links resolved.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Everything kept between runs (build directory, bare root file systems, the trial's data) is outside the clone. For
# root not at home, which is closed to the user that PostgreSQL runs as.
if [[ $EUID -eq 0 ]]; then cache=/var/cache/derpshop; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/derpshop; fi
cache=${LAB_CACHE:-$cache}
export LAB_CACHE=$cache

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Adds a command to what runs when the script ends, newest first, whatever ended it.
cleanup_commands=()
at_exit() { cleanup_commands=("$*" "${cleanup_commands[@]}"); }
run_cleanup() {
    local status=$? command
    trap - EXIT
    trap '' INT TERM HUP
    for command in "${cleanup_commands[@]}"; do eval "$command" || true; done
    exit "$status"
}
trap run_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Names one run of a process: a pid alone may have been given to another process since.
process_id() {
    local stat
    stat=$(<"/proc/$1/stat") || return
    read -ra stat <<<"${stat##*) }"
    echo "$1-${stat[19]}"
}
# Whether what process_id named is still running.
is_running() { [[ $(process_id "${1%-*}" 2>/dev/null) == "$1" ]]; }

# ---- Debian packages ----

# Notes that a package is missing unless the command (or, with a slash, the file) is there.
missing_packages=()
need() {
    if [[ $1 == /* ]]; then [[ ! -e $1 ]] || return 0; else ! command -v "$1" >/dev/null || return 0; fi
    missing_packages+=("$2")
}

# What every command here needs beside Rust.
need_basics() {
    export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
    [[ $EUID -eq 0 ]] || die "run me as root: I install Debian packages and make network namespaces"
    command -v apt-get >/dev/null || die "this machine has no apt-get; I know how to set up Debian only"
    command -v cargo >/dev/null || die "no cargo here; install Rust first: https://rustup.rs"
    need cc gcc
    need /usr/include/stdlib.h libc6-dev
    need strip binutils
    need dockerd docker.io
    need docker docker.io
    need sshd openssh-server
    need ssh openssh-client
    need ip iproute2
    need iptables iptables
    need pkill procps
    need openssl openssl
    need psql postgresql-client
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql
}

# Installs what `need` noted. Services that come with it are neither started nor, where systemd runs, enabled.
install_missing() {
    [[ ${#missing_packages[@]} -gt 0 ]] || return 0
    say "installing ${missing_packages[*]}"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install
        --no-install-recommends -y "${missing_packages[@]}") service quieted=
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        quieted=1
        at_exit 'rm -f /usr/sbin/policy-rc.d'
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
    fi
    "${install[@]}" >/dev/null 2>&1 || {
        # Most often the package lists are missing or old.
        apt-get -qq update >/dev/null 2>&1 || say "apt-get update had trouble; going on with what it has"
        "${install[@]}" >/dev/null || die "the packages could not be installed: ${missing_packages[*]}"
    }
    if [[ -d /run/systemd/system ]]; then
        for service in docker.io:docker.service docker.io:docker.socket docker.io:containerd.service \
            openssh-server:ssh.service postgresql:postgresql.service; do
            if [[ " ${missing_packages[*]} " == *" ${service%%:*} "* ]]; then systemctl --quiet disable "${service#*:}"; fi
        done
    fi
    if [[ $quieted ]]; then rm -f /usr/sbin/policy-rc.d; fi
    missing_packages=()
}

# ---- PostgreSQL: a private one, reached by its Unix socket only ----

# Prints the folder of the newest installed server's programs.
pg_programs() {
    local initdb
    initdb=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
    [[ -n $initdb ]] || initdb=$(readlink -f "$(command -v initdb || true)")
    [[ -n $initdb ]] || die "no PostgreSQL server is installed: apt-get install postgresql"
    dirname "$initdb"
}

# The server refuses to run as root, and its programs a working directory they may not enter.
as_postgres() (
    cd /
    if [[ $EUID -ne 0 ]]; then exec "$@"; else exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"; fi
)

# pg_start FOLDER [OPTION...]: makes a cluster there unless there is one, and starts it. Role and database: derpshop.
pg_start() {
    local folder=$1 programs
    shift
    programs=$(pg_programs)
    if [[ ! -e $folder/data/PG_VERSION ]]; then
        mkdir -p "$folder/data"
        if [[ $EUID -eq 0 ]]; then chown postgres "$folder" "$folder/data"; fi
        as_postgres "$programs/initdb" -D "$folder/data" -U derpshop --auth=trust -E UTF8 --locale=C.UTF-8 -N >"$folder/initdb.log" 2>&1 ||
            die "PostgreSQL could not make its data folder, see $folder/initdb.log: $(tail -n 1 "$folder/initdb.log")"
    fi
    as_postgres "$programs/pg_ctl" -D "$folder/data" -w -s -l "$folder/postgres.log" start \
        -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c max_connections=200 $*" ||
        die "PostgreSQL did not start: $(tail -n 3 "$folder/postgres.log")"
    if [[ -z $(psql -h "$folder" -U derpshop -d postgres -Atc "select 1 from pg_database where datname = 'derpshop'") ]]; then
        psql -h "$folder" -U derpshop -d postgres -qc 'create database derpshop'
    fi
}

pg_stop() {
    [[ ! -e $1/data/postmaster.pid ]] || as_postgres "$(pg_programs)/pg_ctl" -D "$1/data" -s -m "${2:-fast}" stop
}

pg_url() { printf 'postgres://derpshop@localhost/derpshop?host=%s' "$1"; }

# Starts a PostgreSQL that ends, with all it holds, when this script does, and sets DATABASE_URL. Nothing in it is
# worth an fsync.
pg_throwaway() {
    local folder left
    for left in "${TMPDIR:-/tmp}"/derpshop-pg.*; do
        # What a killed run left behind.
        if [[ ! -s $left/owner ]] || is_running "$(<"$left/owner")"; then continue; fi
        pg_stop "$left" immediate || true
        rm -rf "$left"
    done
    folder=$(mktemp -d "${TMPDIR:-/tmp}/derpshop-pg.XXXXXX")
    at_exit "pg_stop '$folder' immediate; rm -rf '$folder'"
    chmod 755 "$folder"
    process_id $$ >"$folder/owner"
    pg_start "$folder" -c fsync=off -c full_page_writes=off -c synchronous_commit=off
    DATABASE_URL=$(pg_url "$folder")
    export DATABASE_URL
    # shellcheck disable=SC2034  # for who sources this
    pg_folder=$folder
}

# Applies the migrations to $DATABASE_URL as `derpshop migrate` would, for when that can't be built yet.
pg_migrate() {
    local file name
    psql "$DATABASE_URL" -qXv ON_ERROR_STOP=1 -c 'create table _sqlx_migrations (version bigint primary key,
        description text not null, installed_on timestamptz not null default now(), success boolean not null,
        checksum bytea not null, execution_time bigint not null)'
    for file in "$root"/migrations/*.sql; do
        [[ -e $file ]] || continue
        name=$(basename "$file" .sql)
        PGOPTIONS='-c client_min_messages=warning' psql "$DATABASE_URL" -qX1v ON_ERROR_STOP=1 -f "$file" \
            -c "insert into _sqlx_migrations values (${name%%_*}, '$(tr _ ' ' <<<"${name#*_}")', now(), true, '\\x$(sha384sum "$file" | cut -d' ' -f1)', 0)" >/dev/null
    done
}
