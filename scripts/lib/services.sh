# The development services of one folder: chain, engine, gateway, nginx with
# the module.  Sourced by bash, in the root of the repository, after
#
#   state       the folder, absolute
#   port        the first port: nginx; +5 the chain, +6 the gateway
#   nginx_main  the workers, if it is not two
#   screen.sh

origin=http://127.0.0.1:$port

module=${PSERVER_MODULE:-$PWD/build/ngx_http_pserver_module.so}
pserverctl=$PWD/build/bin/pserverctl
nginx=${TEST_NGINX_BINARY:-nginx}

nginx_pid=nginx.pid


# Workers run as an ordinary user where that is possible.  Its group is that
# of the engine's socket, which is how it reaches it.

worker_user() {
    [ "$(id -u)" -eq 0 ] || return 0

    if id www-data > /dev/null 2>&1; then
        echo www-data
    else
        echo nobody
    fi
}


# The folder of the services, which workers must be able to reach: below a
# home folder they can't, so it is elsewhere then, behind a symbolic link.

state_folder() {
    local wanted=$PWD/$1 elsewhere=/var/tmp/pserver-${1##*/}-$port user

    user=$(worker_user)

    if [ ! -e "$wanted" ]; then
        rm -f "$wanted"
        mkdir -p "$wanted"

        if [ -n "$user" ] && ! runuser -u "$user" -- test -x "$wanted"; then
            rmdir "$wanted"
            mkdir -p "$elsewhere"
            ln -s "$elsewhere" "$wanted"
        fi
    fi

    (cd "$wanted" && pwd -P)
}


# The engine: its socket and its data folder.  containerd's socket lies below
# an engine's folder and has to fit into a socket address.

engine_folder() {
    if [ ${#state} -le 55 ]; then
        echo "$state/engine"
    else
        echo "/tmp/pserver-engine-$port"
    fi
}


engine_given() {
    [ -n "${PSERVER_DOCKER:-}" ]
}


engine_socket() {
    if engine_given; then
        echo "${PSERVER_DOCKER#unix://}"
    else
        echo "$(engine_folder)/docker.sock"
    fi
}


# engine PATH: asks it

engine() {
    curl -sS --max-time 20 --unix-socket "$(engine_socket)" "http://engine$1"
}


engine_start() {
    engine_given || scripts/dev-engine start "$(engine_folder)"
    engine /version | jq -e .ApiVersion > /dev/null
}


engine_stop() {
    engine_given || scripts/dev-engine stop "$(engine_folder)"
}


engine_data() {
    engine /info | jq -r .DockerRootDir
}


# containers of this server that are there, running or not

engine_containers() {
    local filter

    filter=$(jq -nr --arg instance "$(cat "$state/store/instance")" \
        '{label: ["org.pserver.instance=" + $instance]} | tojson | @uri')
    engine "/containers/json?all=1&filters=$filter" | jq length
}


chain() {
    node scripts/chain.mjs --dir "$state/chain" "$@"
}


chain_start() {
    scripts/dev-chain start "$state/chain" --block-time 2 --port $((port + 5))
}


chain_stop() {
    scripts/dev-chain stop "$state/chain"
}


contract() {
    jq -r ".contracts.$1" "$state/chain/chain.json"
}


# nginx

nginx_folders() {
    local user

    user=$(worker_user)

    mkdir -p "$state"/{nginx/logs,nginx/temp,store,log,ipfs,secrets}
    chmod 700 "$state/secrets"
    [ -z "$user" ] || chown -R "$user" "$state"/{store,log}
}


nginx_user() {
    local user

    user=$(worker_user)

    [ -z "$user" ] || echo "user $user $(stat -c %G "$(engine_socket)");"
}


# the server's two secrets

make_secrets() {
    "$pserverctl" init "$state/secrets" > /dev/null
}


# nginx_server ORIGIN OWNERS LOG: what each server{} with the module has

nginx_server() {
    cat << END
        pserver_origin    $1;
        pserver_owner     $2;
        pserver_store     $state/store;
        pserver_audit     $3;
        pserver_chain     /_chain/ id=$(jq .chainId "$state/chain/chain.json");
        pserver_contracts permissions=$(contract permissions)
                          grantees=$(contract grantees)
                          registry=$(contract registry)
                          servers=$(contract servers);
        pserver_gateway   /_ipfs/;

        location /_chain/ {
            internal;
            pserver_exchange;
            proxy_pass http://chain/;
        }

        location /_ipfs/ {
            internal;
            pserver_exchange;
            proxy_pass http://gateway/ipfs/;
        }
END
}


# nginx_conf OWNER [TEXT [MORE]]: TEXT is put into server{}, MORE into http{}

nginx_conf() {
    cat << END
load_module $module;

$(nginx_user)
${nginx_main:-worker_processes 2;}
pid $state/nginx/$nginx_pid;
error_log $state/nginx/logs/error.log notice;
thread_pool pserver threads=8;

events {
    worker_connections ${nginx_connections:-1024};
}

http {
    access_log            $state/nginx/logs/access.log;
    client_body_temp_path $state/nginx/temp/body;
    proxy_temp_path       $state/nginx/temp/proxy;
    fastcgi_temp_path     $state/nginx/temp/fastcgi;
    uwsgi_temp_path       $state/nginx/temp/uwsgi;
    scgi_temp_path        $state/nginx/temp/scgi;

    pserver_zone          pserver:8m;
    pserver_thread_pool   pserver;
    pserver_identity      $state/secrets/identity;
    pserver_root          $state/secrets/root;

    upstream chain   { server 127.0.0.1:$((port + 5)); keepalive 8; }
    upstream gateway { server 127.0.0.1:$((port + 6)); keepalive 8; }
    upstream engine  { server unix:$(engine_socket); }

    server {
        listen 127.0.0.1:$port;

        client_max_body_size 64m;

$(nginx_server "$origin" "$1" "$state/log")
        pserver_engine    /_engine/ jobs=4;

        pserver_operation word_count image=$(image word_count);
        pserver_operation search     image=$(image search);

        location = /health { pserver data; }
        location /v1/      { pserver data; }
        location /api/v1/  { pserver compute; }
        location /log/     { pserver audit; }
        location = /status { pserver status; }

        location /_engine/ {
            internal;
            pserver_exchange;
            proxy_pass         http://engine/;
            proxy_read_timeout 10m;
        }

        ${2:-}
    }

    # in the place of an IPFS gateway: grant files by their CID

    server {
        listen 127.0.0.1:$((port + 6));

        location /ipfs/ {
            root $state;
        }
    }

    ${3:-}
}
END
}


image() {
    jq -r ".$1" "$state/images.json"
}


nginx_running() {
    local pid

    pid=$(cat "$state/nginx/$nginx_pid" 2> /dev/null) \
        && tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null \
           | grep -qF -- "-p $state/nginx/ "
}


nginx_start() {
    "$nginx" -p "$state/nginx/" -c "$state/nginx.conf"

    for _ in $(seq 100); do
        curl -sf -o /dev/null "$origin/status" && return
        sleep 0.05
    done

    echo "nginx does not answer at $origin" >&2
    return 1
}


nginx_stop() {
    local pid

    pid=$(cat "$state/nginx/$nginx_pid" 2> /dev/null) || return 0

    if nginx_running; then
        kill -QUIT "$pid"

        for i in $(seq 100); do
            [ -e "/proc/$pid" ] || break
            [ $i -ne 80 ] || kill -TERM "$pid"
            sleep 0.1
        done
    fi

    rm -f "$state/nginx/$nginx_pid"
}
