# workers: 4

use lib 't/lib';
use PServer;
use PServer::Http2;
use PServer::Upload;

use Digest::SHA qw( sha256_hex );
use IO::Socket::INET;

# The gate in front of applications: names it answers to, bodies, and the
# ways of nginx by which a request gets to a location.  One nginx for all.

our ($plain, $second, $app, $plain2, $second2)
    = map { '127.0.0.1:' . port($_) } 1, 2, 7, 8, 9;

sub gate_http { <<"END" }
    pserver_zone pserver:1m;

    map \$pserver_error \$forger {
        ''      '';
        default \$binary_remote_addr;
    }

    limit_req_zone \$forger zone=forgers:1m rate=1r/m;

    server {
        listen $app;
        client_max_body_size 100m;

        location /ok { return 200 "inner part"; }

        location /accel {
            add_header X-Accel-Redirect /inside/page;
            return 200;
        }

        location / {
            add_header X-Got-Wallet \$http_x_wallet always;
            add_header X-Got-Length \$http_content_length always;
            add_header X-Got-Auth   \$http_authorization always;
            dav_methods PUT;
            root @{[ app_dir() ]};
            create_full_put_path on;
            client_body_in_file_only clean;
        }
    }

    # nobody's name: the default server of its port

    server {
        listen $second;
        listen $second2 http2;
        server_name me.example.org *.wild.example ~^r\\d+\\.example\$;

        pserver_origin https://\$host https://fixed.example;

        location / {
            pserver_auth required;
            pserver_auth_body off;
            proxy_pass http://$app/ok;
        }

        location /asked/ {
            pserver_origin https://\$http_host https://\$arg_o;
            pserver_auth required;
            proxy_pass http://$app/ok;
        }
    }

    server {
        listen $second;
        server_name other.example;

        location / { return 204; }
    }

    server {
        listen $plain;
        listen $plain2 http2;
        pserver_origin @{[ origin() ]};
        proxy_set_header X-Wallet \$pserver_address;
        client_max_body_size 100m;

        location /memory/ {
            pserver_auth required;
            client_body_buffer_size 16k;
            error_page 413 /toolarge;
            proxy_set_header Authorization "";
            proxy_pass http://$app;
        }

        location = /toolarge {
            pserver_auth required;
            alias @{[ part() ]};
        }

        location /file/ {
            pserver_auth required;
            pserver_auth_body file;
            client_body_buffer_size 16k;
            proxy_pass http://$app;
        }

        location /small/ {
            pserver_auth required;
            pserver_auth_body file;
            client_max_body_size 1m;
            proxy_pass http://$app;
        }

        location /off/ {
            pserver_auth required;
            pserver_auth_body off;
            proxy_request_buffering off;
            proxy_pass http://$app;
        }
    }
END

sub gate_config { <<"END" }
        pserver_origin @{[ origin() ]};
        pserver_owner @{[ map { wallet($_)->{address} } 'owner1', 'owner2' ]};
        large_client_header_buffers 4 128k;
        error_log logs/error.log debug;

        location = /_wallet {
            internal;
            pserver auth;
            pserver_auth required;
        }

        location = /_wallet_any_body {
            internal;
            pserver auth;
            pserver_auth required;
            pserver_auth_body off;
        }

        location /asked/ {
            auth_request /_wallet;
            auth_request_set \$wallet \$pserver_address;
            add_header X-Wallet \$wallet;
            proxy_pass http://$app/ok;
        }

        location /asked/any/ {
            auth_request /_wallet_any_body;
            proxy_pass http://$app;
        }

        location = /page.html {
            ssi on;
            ssi_types text/plain;
            default_type text/plain;
            alias @{[ page() ]};
        }

        location = /part {
            pserver_auth required;
            default_type text/plain;
            alias @{[ part() ]};
        }

        location /mirrored/ {
            pserver_auth required;
            mirror /copy;
            proxy_pass http://$app;
        }

        location = /copy {
            internal;
            pserver_auth required;
            proxy_pass http://$app/copied;
        }

        location /gone/ {
            pserver_auth required;
            proxy_intercept_errors on;
            error_page 404 405 = /inside/page;
            proxy_pass http://$app;
        }

        location /named/ {
            pserver_auth required;
            try_files /nowhere \@named;
        }

        location \@named {
            pserver_auth required;
            add_header X-Wallet \$pserver_address;
            return 200 named;
        }

        location /accel {
            proxy_pass http://$app;
        }

        location = /inside/page {
            internal;
            pserver_auth required;
            add_header X-Seen "\$pserver_role \$pserver_address";
            default_type text/plain;
            alias @{[ part() ]};
        }

        location = /login {
            pserver_auth optional;
            add_header X-Reason \$pserver_error always;
            default_type text/plain;
            alias @{[ part() ]};
        }

        location /paged/ {
            pserver_auth required;
            error_page 401 /login;
        }

        location /basic/ {
            satisfy any;
            pserver_auth required;
            auth_basic people;
            auth_basic_user_file @{[ people() ]};
            add_header X-Role \$pserver_role;
            proxy_pass http://$app/ok;
        }

        location /limited/ {
            limit_req zone=forgers;
            limit_req_status 429;
            pserver_auth required;
            proxy_pass http://$app/ok;
        }

        location = /vars {
            return 200 "\$pserver_role|\$pserver_owner|\$pserver_permission|\$pserver_error|\$pserver_address";
        }

        location = /ping { return 204; }
END

sub file_of {
    my ($name, $text) = @_;
    my $path = state_dir() . "/$name";

    open my $out, '>', $path or die "$path: $!";
    print $out $text;
    close $out;
    chmod 0644, $path;

    return $path;
}

# what the application stores by PUT

sub app_dir {
    my $dir = state_dir() . '/app';

    mkdir $dir;
    chmod 0777, $dir;

    return $dir;
}

sub page { file_of('page.html', 'before <!--#include virtual="/part" --> after') }
sub part { file_of('part', 'inner part') }
sub people { file_of('people', "me:{PLAIN}secret\n") }

# status, headers, content of a raw request

sub raw {
    my ($port, $text, $aborted) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 10)
        or die "connect: $!";

    print $s $text;
    local $/;
    my $answer = <$s>;
    my ($status) = $answer =~ m{^HTTP/1\.\d (\d+)};

    return wantarray ? ($status, $answer) : $status;
}

sub header_of { 'Authorization: ' . web3signed(@_) . "\r\n" }

sub hashed {
    my ($method, $path, $body) = @_;
    return web3signed('app1', $method, $path, undef,
        bodyHash => 'sha256:' . sha256_hex($body));
}

# status, headers and body by curl, which speaks HTTP/2 and streams

sub curl {
    my ($base, $path, @args) = @_;
    open my $in, '-|', 'curl', '-s', '-i', '-H', 'Expect:', @args,
        "http://$base$path" or die $!;
    local $/;
    my $answer = <$in>;
    my ($status) = $answer =~ m{^HTTP/\S+ (\d+)};

    return wantarray ? ($status, $answer) : $status;
}

run_tests();

__DATA__

=== TEST 1: hosts: what server_name lists is an audience, nothing else is
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $ask = sub {
    my ($aud, $host, $line, $path) = @_;
    $path ||= '/';
    $line ||= "GET $path HTTP/1.1";
    (my $uri = $path) =~ s/\?.*//;

    return scalar raw(port(2), "$line\r\nHost: $host\r\nConnection: close\r\n"
        . header_of('app1', 'GET', $uri, undef, aud => $aud) . "\r\n");
};

is $ask->('https://me.example.org', 'me.example.org'), 200, 'a name';
is $ask->('https://me.example.org', 'ME.example.ORG.:81'), 200,
    'upper case, a trailing dot, a port';
is $ask->('https://a.b.wild.example', 'a.b.wild.example'), 200, 'a wildcard';
is $ask->('https://r42.example', 'r42.example'), 200, 'a regular expression';
is $ask->('https://fixed.example', 'me.example.org'), 200, 'a constant';
is $ask->('https://fixed.example', 'evil.example'), 200,
    'which does not look at the host';

is $ask->('https://evil.example', 'evil.example'), 401, 'no name';
is $ask->('https://wild.example', 'wild.example'), 401, 'nor a wildcard';
is $ask->('https://rx.example', 'rx.example'), 401, 'nor an expression';
is $ask->('https://127.0.0.1', '127.0.0.1'), 401, 'an address';
is $ask->('https://me.example.org', 'a.wild.example'), 401, 'another name';
is $ask->('https://ME.example.org', 'ME.example.org'), 401, 'by bytes';
is $ask->('https://me.example.org/', 'me.example.org'), 401, 'no slash';
is $ask->('http://me.example.org', 'me.example.org'), 401, 'the scheme';

is $ask->('https://me.example.org', 'evil.example',
    'GET http://me.example.org/ HTTP/1.1'), 200, 'the request line counts';
is $ask->('https://evil.example', 'me.example.org',
    'GET http://evil.example/ HTTP/1.1'), 401, 'and nothing else then';

is $ask->('https://evil.example', 'evil.example',
    'GET http://me.example.org/asked/ HTTP/1.1', '/asked/'), 401,
    'a header that nginx did not go by';
is $ask->('https://me.example.org:' . port(2), 'me.example.org:' . port(2),
    undef, '/asked/'), 200, 'the port of the connection';
is $ask->('https://me.example.org:81', 'me.example.org:81', undef,
    '/asked/'), 401, 'another one';
is $ask->('https://evil.example', 'x.wild.example', undef,
    '/asked/?o=evil.example'), 401, 'from an argument';

for ([200, 'me.example.org'], [401, 'evil.example']) {
    my ($status, $host) = @$_;

    is scalar curl($::second2, '/', '--http2-prior-knowledge',
        '-H', "Host: $host", '-H', 'Authorization: '
        . web3signed('app1', 'GET', '/', undef, aud => "https://$host")),
        $status, "HTTP/2: $host";
}

my (undef, $text) = raw(port(2),
    "GET / HTTP/1.0\r\nHost: me.example.org\r\n\r\n");
like $text, qr/^WWW-Authenticate: Web3Signed realm="https:\/\/me\.example\.org"\r$/m,
    'the realm is what to sign';
(undef, $text) = raw(port(2), "GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n");
like $text, qr/realm="https:\/\/fixed\.example"\r$/m, 'or the next';


=== TEST 2: bodies: in memory up to the buffer, in files, not at all
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $n = 0;
my $put = sub {
    my ($where, $size, $forged, @args) = @_;
    my $body = 'abcdefg' x (1 + $size / 7);
    $body = substr $body, 0, $size;
    my $path = "/$where/" . ++$n;
    my $auth = hashed('PUT', $path, $forged ? "x$body" : $body);
    my $file = file_of('body', $body);

    # the body is what the application got, or nothing is

    my ($status, $text) = curl("@args" =~ /http2/ ? $::plain2 : $::plain, $path, '-T', $file,
        '-H', "Authorization: $auth", @args);
    my $got = app_dir() . $path;
    my $there = -e $got ? do { local (@ARGV, $/) = $got; <> } : undef;

    return ($status, defined $there ? $there eq $body ? 'same' : 'other'
        : 'nothing', $text);
};

# over HTTP/2 curl may miss an answer that comes while it still sends

my $much = sub {
    my ($where, $size, $how, @args) = @_;

    return $put->($where, $size, 0, @args) if $how !~ /2/;

    my $path = "/$where/" . ++$n;
    my $body = 'x' x $size;
    my $answer = http2($::plain2, 'PUT', $path, [ authorization =>
        hashed('PUT', $path, $body),
        $how =~ /no length/ ? () : ('content-length' => $size) ], $body);

    is $answer->{ended}, 1, "$where: $how: an end";
    return ($answer->{status}, -e app_dir() . $path ? 'something' : 'nothing');
};

my @h2 = '--http2-prior-knowledge';
my @chunked = ('-H', 'Transfer-Encoding: chunked');

for (['whole'], ['chunked', @chunked], ['HTTP/2', @h2],
     ['HTTP/2, no length', @h2, '-H', 'Transfer-Encoding: chunked'])
{
    my ($how, @args) = @$_;

    for my $size ($how eq 'chunked' ? () : 0, 1, 16384) {
        my ($status, $got) = $put->('memory', $size, 0, @args);
        is "$status $got", '201 same', "memory: $how, $size";
    }

    my ($status, $got) = $much->('memory', 16385, $how, @args);
    is "$status $got", '413 nothing', "memory: $how, one more";

    for my $size (1, 20000, 3000000) {
        my ($status, $got) = $put->('file', $size, 0, @args);
        is "$status $got", '201 same', "file: $how, $size";

        ($status, $got) = $put->('file', $size, 1, @args);
        is "$status $got", '401 nothing', "file: $how, $size forged";
    }

    ($status, $got) = $put->('memory', 5000, 1, @args);
    is "$status $got", '401 nothing', "memory: $how, forged";

    ($status, $got) = $much->('small', 1048577, $how, @args);
    is "$status $got", '413 nothing', "file: $how, over client_max_body_size";

    ($status, $got) = $put->('off', 100000, 1, @args);
    is "$status $got", '201 same', "off: $how, what comes is passed on";
}

# curl does not end an empty body in chunks

my $auth = 'Authorization: ' . hashed('PUT', '/memory/0', '') . "\r\n";
is scalar raw(port(1), "PUT /memory/0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    . "Transfer-Encoding: chunked\r\n$auth\r\n0\r\n\r\n"), 201,
    'memory: chunked, 0';

my ($status, undef, $text) = $put->('memory', 100, 0);
unlike $text, qr/X-Got-Auth: Web3/i, 'the header need not go on';
like $text, qr/X-Got-Length: 100\r/i, 'the length does';

# shorter and longer than it was announced

for my $where ('memory', 'file') {
    for (['shorter', 4, 5], ['longer', 6, 5]) {
        my ($what, $sent, $announced) = @$_;
        my $path = "/$where/" . ++$n;
        my $body = 'x' x $sent;

        is http2($::plain2, 'PUT', $path, [ authorization =>
            hashed('PUT', $path, $body), 'content-length' => $announced ],
            $body)->{status}, 400, "$where: HTTP/2, $what than announced";
        ok !-e app_dir() . $path, 'and nothing of it';
    }

    # what is longer is the next request, and none

    my $path = "/$where/" . ++$n;
    my (undef, $both) = raw(port(1), "PUT $path HTTP/1.1\r\nHost: x\r\n"
        . 'Authorization: ' . hashed('PUT', $path, 'hello')
        . "\r\nContent-Length: 5\r\n\r\nhello, and more\r\n\r\n");

    is_deeply [ $both =~ /HTTP\/1\.1 (\d+)/g ], [201, 400],
        "$where: longer than announced";
}

is temp_bytes(), 0, 'no file is left open';


=== TEST 3: auth_request
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $ask = sub {
    my ($method, $path, $signed, $body) = @_;
    return http($method, $path,
        { defined $signed ? (Authorization => $signed) : () }, $body);
};

my $r = $ask->('GET', '/asked/', web3signed('app1', 'GET', '/asked/'));
is $r->{status}, 200, 'in';
is $r->{headers}{'x-wallet'}, lc wallet('app1')->{address}, 'who';

$r = $ask->('GET', '/asked/');
is $r->{status}, 401, 'out';
is $r->{headers}{'www-authenticate'}, 'Web3Signed realm="' . origin() . '"',
    'with a challenge, once';
is $r->{json}{error}{errorCode}, 'MISSING_AUTH', 'and the reason';

$r = $ask->('GET', '/asked/', web3signed('app1', 'GET', '/other/'));
is $r->{json}{error}{details}{reason}, 'URI mismatch', 'of another path';

$r = $ask->('POST', '/asked/', hashed('POST', '/asked/', ''), '');
is $r->{status}, 200, 'an empty body is compared';
$r = $ask->('POST', '/asked/', hashed('POST', '/asked/', 'x'), '');
is $r->{status}, 401, 'and refused';
$r = $ask->('POST', '/asked/', hashed('POST', '/asked/', 'x'), 'x');
is $r->{status}, 500, 'one that is not can not be';
$r = $ask->('PUT', '/asked/any/a', hashed('PUT', '/asked/any/a', 'x'), 'y');
is $r->{status}, 201, 'unless nobody asks for that';

is scalar raw(port(), "GET /_wallet HTTP/1.0\r\n\r\n"), 404, 'internal';


=== TEST 4: subrequests and redirects: the header is the client's
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $ask = sub {
    my ($method, $path, $wallet, $body, $as) = @_;
    return http($method, $path, { !$wallet ? () : (Authorization =>
        hashed($as || $method, $path, defined $body ? $body : '')) }, $body);
};

my $r = $ask->('GET', '/page.html', 1);
is $r->{content}, 'before inner part after', 'SSI: in';

$r = $ask->('GET', '/page.html');
is $r->{status}, 200, 'SSI: the page';
like $r->{content}, qr/^before .*MISSING_AUTH.* after$/s, 'and what is refused';

is $ask->('PUT', '/mirrored/a', 1, 'body')->{status}, 201, 'mirror';
ok wait_for { -e app_dir() . '/copied' }, 'the copy has passed, too';
is $ask->('PUT', '/mirrored/a', 0, 'body')->{status}, 401, 'mirror: out';

$r = $ask->('POST', '/gone/x', 1, 'body');
is $r->{status}, 200, 'error_page makes it a GET, what was signed is a POST';
is $r->{content}, 'inner part', 'page';
is $r->{headers}{'x-seen'}, 'app ' . lc wallet('app1')->{address}, 'who';
is $ask->('POST', '/gone/x', 1, 'body', 'GET')->{status}, 401,
    'and not the other way round';

is $ask->('GET', '/accel', 1)->{content}, 'inner part', 'X-Accel-Redirect';
is $ask->('GET', '/accel')->{status}, 401, 'X-Accel-Redirect: out';
is $ask->('POST', '/accel', 1, 'body')->{content}, 'inner part', 'of a POST';
is $ask->('POST', '/accel', 1, 'body', 'GET')->{status}, 401, 'of none';

is $ask->('GET', '/named/', 1)->{content}, 'named', 'try_files, named';
is $ask->('GET', '/named/')->{status}, 401, 'try_files: out';

$r = $ask->('GET', '/paged/x');
is $r->{status}, 401, 'error_page';
is $r->{headers}{'x-reason'}, 'MISSING_AUTH', 'the reason is kept';
is $r->{content}, 'inner part', 'the page is the operator\'s';
like $r->{headers}{'www-authenticate'}, qr/^Web3Signed realm=/, 'challenge';


=== TEST 5: satisfy any: all challenges, or none
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my (undef, $text) = raw(port(), "GET /basic/ HTTP/1.0\r\n\r\n");
my @challenges = sort $text =~ /^WWW-Authenticate: (.*?)\r$/mg;
is_deeply \@challenges, ['Basic realm="people"',
    'Web3Signed realm="' . origin() . '"'], 'both';

($status, $text) = raw(port(), "GET /basic/ HTTP/1.0\r\n"
    . "Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
is $status, 200, 'the one';
unlike $text, qr/WWW-Authenticate/, 'no challenge then';
like $text, qr/X-Role: none/, 'no role';

($status, $text) = raw(port(), "GET /basic/ HTTP/1.0\r\n"
    . header_of('owner1', 'GET', '/basic/') . "\r\n");
is $status, 200, 'the other';
like $text, qr/X-Role: owner/, 'role';
unlike $text, qr/WWW-Authenticate/, 'no challenge';


=== TEST 6: variables
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $vars = sub {
    my ($signed, $args, %headers) = @_;
    return http('GET', "/vars$args", { %headers,
        $signed ? (Authorization => $signed) : () })->{content};
};

my ($app, $owner) = map { lc wallet($_)->{address} } 'app1', 'owner2';

is $vars->(undef, ''), 'none||||', 'nothing';
is $vars->(web3signed('owner2', 'GET', '/vars'), ''),
    "owner|$owner|||$owner", 'an owner';
is $vars->(web3signed('app1', 'GET', '/vars'), '?grantId=7'),
    "app||7||$app", 'an app, a permission in the query';
is $vars->(web3signed('app1', 'GET', '/vars', undef, grantId => '0x10'), '?grantId=7'),
    "app||16||$app", 'the signed one comes first';
is $vars->(web3signed('app1', 'GET', '/vars'), '', 'X-PS-Grant-Id' => '8'),
    "app||8||$app", 'in a header';
is $vars->(web3signed('app1', 'GET', '/vars', undef, grantId => 'x'), ''),
    "app||||$app", 'none';
is $vars->(web3signed('app1', 'GET', '/other'), '?grantId=7'),
    'none|||INVALID_SIGNATURE|', 'a header that does not hold';
is $vars->(web3signed('app1', 'GET', '/vars', undef, iat => time - 500,
    exp => time - 100), ''), 'none|||EXPIRED_TOKEN|', 'nor any more';


=== TEST 7: a limit that only bad signatures meet
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $ask = sub { http('GET', '/limited/', { Authorization => shift })->{status} };
my $good = web3signed('app1', 'GET', '/limited/');
my $bad = web3signed('app1', 'GET', '/other/');

is $ask->($good), 200, "good $_" for 1 .. 3;
is http('GET', '/limited/')->{status}, 401, "none $_" for 1, 2;
is $ask->($bad), 401, 'bad';
is $ask->($bad), 429, 'bad again';
is $ask->('Web3Signed x'), 429, 'another one';
is $ask->($good), 200, 'good, still';


=== TEST 8: headers of 1 byte to 64 KB; nothing of them in a log
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $good = web3signed('app1', 'GET', '/named/');
my ($payload) = $good =~ /^Web3Signed (.*)\./;

for my $n (1, 2, 10, 11, 12, 100, 1000, 4096, 8191, 16384, 65535) {
    for my $text ('x' x $n, substr('Web3Signed ' . 'e' x $n, 0, $n),
        substr("Web3Signed $payload.0x" . 'a' x $n, 0, $n),
        substr('Web3Signed ' . '.' x $n, 0, $n),
        substr('Web3Signed ' . 'W3t9' x $n, 0, $n))
    {
        my $r = http('GET', '/named/', { Authorization => $text });
        ok $r->{status} == 401
            && $r->{json}{error}{errorCode} =~ /^(MISSING_AUTH|INVALID_SIGNATURE)$/,
            "$n " . substr $text, 0, 14;
    }
}

# as many claims as there is room for

my $many = web3signed('app1', 'GET', '/named/', undef, nonce => 'n' x 40000);
is http('GET', '/named/', { Authorization => $many })->{status}, 200, '55 KB';
is http('GET', '/named/', { Authorization => $good })->{status}, 200, 'a good one';
is http('GET', '/named/', { Authorization => substr($good, 0, -1) . '2' })->{status},
    401, 'a changed one';

# what nginx itself writes of headers in its debug log is not ours to change

my ($signature) = $good =~ /\.0x(.*)$/;
my @lines = do { local @ARGV = "$ENV{TEST_NGINX_SERVROOT}/logs/error.log"; <> };

cmp_ok scalar(grep { /\[debug\]/ } @lines), '>', 100, 'a debug log';
is_deeply [ grep { index(lc, substr $signature, 0, 40) >= 0
        && !/http header: "Authorization|Authorization: Web3Signed/i } @lines ],
    [], 'without a signature';


=== TEST 9: HTTP/1.0, keepalive, pipelines
--- http_config eval: ::gate_http()
--- config eval: ::gate_config()
--- script
my $good = header_of('app1', 'GET', '/named/');

is scalar raw(port(), "GET /named/ HTTP/1.0\r\n$good\r\n"), 200, 'HTTP/1.0';
is scalar raw(port(), "GET /named/ HTTP/1.0\r\n\r\n"), 401, 'HTTP/1.0, none';

my $body = 'hello';
my $post = 'Authorization: ' . hashed('PUT', '/mirrored/p', $body) . "\r\n";
my $put = sub { "PUT /mirrored/p HTTP/1.1\r\nHost: x\r\n" . $post
    . "Content-Length: 5\r\n\r\n$_[0]" };

my (undef, $text) = raw(port(), $put->('hello') . $put->('hellO')
    . $put->('hello')
    . "GET /named/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n$good\r\n");

is_deeply [ $text =~ /HTTP\/1\.1 (\d+)/g ], [201, 401, 204, 200],
    'each is looked at by itself';
