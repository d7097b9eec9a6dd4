# workers: 4

use lib 't/lib';
use PServer;

# What stands around the exchange locations does not touch them, and nobody
# else gets in.  An operation under a permission that does not exist is
# answered 404, and only the chain can say so.

our $front = '127.0.0.1:' . port(7);

our $http = http_config(more => <<"END");
    limit_req_zone \$server_name zone=all:1m rate=1r/m;
    limit_req_zone \$request_id  zone=each:1m rate=100r/s;

    # an application that tries to get in

    server {
        listen $front;

        location /accel/ {
            add_header X-Accel-Redirect \$arg_to;
            return 200;
        }

        location /ssi/ {
            default_type text/html;
            return 200 '<!--# include virtual="\$arg_to" -->';
        }
    }
END

our $doors = config(more => <<"END");

        location /app/ {
            proxy_pass http://$front/;
            ssi on;
        }

        location /error/ {
            error_page 404 = /_engine/version;
            return 404;
        }

        location /rewritten/ {
            rewrite ^ /_engine/version last;
        }

        location /tried/ {
            try_files /nothing /_engine/version;
        }

        location /_nested/ {
            pserver_exchange;
            proxy_pass http://engine/;

            if (\$request_uri) {
                set \$inside 1;
            }
        }

        location /mirrored/ {
            auth_request /_engine/version;
            proxy_pass http://$front/;
        }
END

our $hostile = <<'END' . config(pserver_auth => 'required');

        deny all;
        auth_basic closed;
        auth_basic_user_file /nonexistent;
        limit_req zone=all;
        error_page 404 502 503 = /elsewhere;
        post_action /elsewhere;
        lingering_close always;
        client_body_in_file_only on;
        add_header X-Accel-Redirect /elsewhere always;
        proxy_set_header Host elsewhere;
        proxy_intercept_errors on;
        rewrite ^/_ /elsewhere break;

        if ($http_x_client = "") {
            return 301 https://elsewhere.example/;
        }
END

$hostile =~ s{location /api/v1/  \{ pserver compute; \}}
             {location /api/v1/  {
                  pserver compute;
                  allow all;
                  auth_basic off;
                  limit_req zone=each;
                  error_page 418 /elsewhere;
              }};

run_tests();

__DATA__

=== TEST 1: the way in from the module
--- request eval
"POST /api/v1/operations\n" . ::operation('app1', { permission_id => 1000000 })
--- error_code: 404
--- response_body_like: "error_code":"NOT_FOUND_ERROR"


=== TEST 2: plain requests
--- http_config eval: $::http
--- config eval: $::doors
--- request eval
["GET /_engine/version", "GET /_chain/", "POST /_chain/\n{}",
 "GET /_gateway/x"]
--- error_code eval
[404, 404, 404, 404]


=== TEST 3: X-Accel-Redirect of an application
--- http_config eval: $::http
--- config eval: $::doors
--- request eval
["GET /app/accel/?to=/_engine/version", "GET /app/accel/?to=/_chain/"]
--- error_code eval
[404, 404]


=== TEST 4: SSI of an application
--- http_config eval: $::http
--- config eval: $::doors
--- request
GET /app/ssi/?to=/_engine/version
--- error_code: 200
--- response_body_like: 404 Not Found
--- response_body_unlike: ApiVersion


=== TEST 5: error_page, rewrite, try_files, auth_request, if
--- http_config eval: $::http
--- config eval: $::doors
--- request eval
["GET /error/x", "GET /rewritten/x", "GET /tried/x", "GET /mirrored/x",
 "GET /_nested/version"]
--- error_code eval
[404, 404, 404, 500, 404]


=== TEST 6: hostile surroundings
--- http_config eval: $::http
--- config eval: $::hostile
--- request eval
"POST /api/v1/operations\n" . ::operation('app1', { permission_id => 1000001 })
--- more_headers
X-Client: 1
--- error_code: 404
--- response_body_like: "error_code":"NOT_FOUND_ERROR"


=== TEST 7: an exchange location is what it must be
--- http_config eval: $::http
--- config
    location /_chain/ { pserver_exchange; }
--- must_die
--- error_log
"pserver_exchange" in location "/_chain/" requires "proxy_pass" without variables


=== TEST 8: no cache in between
--- http_config eval
$::http . "proxy_cache_path /tmp/pserver-test-cache keys_zone=c:1m;\n"
--- config
    location /_chain/ {
        pserver_exchange;
        proxy_cache c;
        proxy_pass http://chain/;
    }
--- must_die
--- error_log
"pserver_exchange" in location "/_chain/" excludes "proxy_cache"


=== TEST 9: and the location that is named must be one
--- http_config eval: $::http
--- config eval
(my $c = ::config()) =~ s|(/_chain/ \{[^}]*)pserver_exchange;|$1|;
$c
--- must_die
--- error_log
"pserver_chain" names "/_chain/", but server


=== TEST 10: a thousand exchanges, with clients that come and go
--- script
my @bodies = map { ::operation('app1', { permission_id => 2000000 + $_ }) }
    1 .. 1000;

my $before = http('GET', '/status')->{json}{counters};
my $answered = 0;

for my $round (0 .. 19) {
    my @sockets;

    for my $i (0 .. 49) {
        my $body = $bodies[$round * 50 + $i];
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => port()) or die $!;

        print $s "POST /api/v1/operations HTTP/1.0\r\nContent-Length: ",
            length $body, "\r\n\r\n", $body;
        $s->flush;

        # each second client does not wait
        $i % 2 ? close $s : push @sockets, $s;
    }

    for my $s (@sockets) {
        my $answer = do { local $/; <$s> };
        $answered++ if $answer =~ m{^HTTP/1\.1 404 .*NOT_FOUND_ERROR}s;
    }

    kill 'HUP', Test::Nginx::Util::get_pid_from_pidfile('reload')
        if $round == 10;
}

is($answered, 500, 'who waits is answered');

my $after = http('GET', '/status')->{json}{counters};

cmp_ok($after->{exchanges} - $before->{exchanges}, '>=', 1000,
    'each permission was asked for');
is($after->{exchanges_failed}, $before->{exchanges_failed}, 'and answered');

# were slots lost, these would not all get one

my @held = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => port()) or die $! } 1 .. 200;

is(http('POST', '/api/v1/operations', {}, $bodies[0])->{status}, 404,
    'there is room for one more');
