# workers: 4

use lib 't/lib';
use PServer;
use PServer::Fault;
use PServer::Store;
use PServer::Upload;

use Digest::SHA;

# What was signed is what is served: headers with known answers, names under
# TLS, bodies as they come, of LARGE MiB (make large: 1024).

our ($known, $tls, $second) = map { '127.0.0.1:' . port($_) } 1, 8, 9;

our ($cert, $key) = map { test_dir() . "/signed.$_" } qw( crt key );

system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    . " -nodes -days 2 -subj /CN=me.test -keyout $key -out $cert"
    . " > /dev/null 2>&1") == 0 or die "openssl failed";

sub names { <<"END" }
    server {
        listen $known;
        pserver_origin http://localhost:8080;

        location / {
            pserver auth;
            pserver_auth required;
            add_header X-Address \$pserver_address;
        }
    }

    ssl_certificate $cert;
    ssl_certificate_key $key;

    pserver_origin https://\$host;
    pserver_auth required;

    server {
        listen $tls ssl http2;
        server_name none.test;
        location / { pserver auth; add_header X-Server none; }
    }

    server {
        listen $tls ssl http2;
        server_name me.test my.test;
        location / { pserver auth; add_header X-Server me; }
    }

    server {
        listen $tls ssl http2;
        server_name other.test;
        location / { pserver auth; add_header X-Server other; }
    }
END

sub bodies {
    return config(more => <<"END");
        listen $second http2;

        location /v1/data/body. {
            pserver data;
            client_max_body_size 2g;
            client_body_buffer_size 16k;
        }
END
}

run_tests();

__DATA__

=== TEST 1: headers with known answers
--- http_config eval: PServer::http_config(more => main::names())
--- config eval: main::bodies()
--- script
my $cases = json(slurp(root_dir() . '/t/vectors/web3signed.json'))->{cases};

if (!faults()) {
    pass('with a clock that can be set');
    return;
}

clock_off($cases->[0]{now});

# nginx looks at the clock when an event comes

http('GET', '/health') for 1 .. 2 * workers();

for my $case (@$cases) {
    my $expect = $case->{expect};
    my $r = HTTP::Tiny->new(timeout => 10)->request($case->{method},
        "http://$::known$case->{uri}", { content => $case->{body},
        headers => { $case->{authorization}
            ? (Authorization => $case->{authorization}) : () } });

    if ($expect->{address}) {
        is "$r->{status} $r->{headers}{'x-address'}",
            '204 ' . lc $expect->{address}, $case->{name};
        next;
    }

    my $error = json($r->{content})->{error};
    my $reason = $error->{details}{reason};

    is "$r->{status} $error->{errorCode}",
        "$expect->{status} $expect->{code}", $case->{name};
    is $reason, $expect->{reason}, 'reason' if $expect->{reason};
}

clock_off(0);


=== TEST 2: names under TLS: the host is what counts, not SNI
--- http_config eval: PServer::http_config(more => main::names())
--- config eval: main::bodies()
--- script
my $ask = sub {
    my ($sni, $host, $aud, @args) = @_;
    my $auth = web3signed('app1', 'GET', '/', undef, aud => "https://$aud");

    open my $in, '-|', 'curl', '-s', '-k', '-i', @args, '--connect-to',
        "::$::tls", '-H', "Host: $host", '-H', "Authorization: $auth",
        "https://$sni/" or die "curl: $!";
    local $/;
    my $answer = <$in>;
    my ($status) = $answer =~ m{^HTTP/\S+ (\d+)};
    my ($server) = $answer =~ m{^X-Server: (\w+)}mi;

    return join ' ', $status, $server || ();
};

for my $http ('--http1.1', '--http2') {
    my @rows = (
        [ 'me.test', 'me.test', 'me.test', '204 me', 'a name' ],
        [ 'me.test', 'my.test', 'my.test', '204 me', 'the other name' ],
        [ 'me.test', 'my.test', 'me.test', '401', 'of SNI only' ],
        [ 'me.test', 'other.test', 'other.test', '204 other',
            'another server' ],
        [ 'me.test', 'other.test', 'me.test', '401',
            'SNI opens no other server' ],
        [ 'me.test', 'nobody.test', 'me.test', '401', 'nobody, of SNI' ],
        [ 'me.test', 'nobody.test', 'nobody.test', '401', 'nobody' ],
        [ 'nobody.test', 'nobody.test', 'nobody.test', '401',
            'nobody, twice' ],
        [ 'nobody.test', 'me.test', 'me.test', '204 me', 'by its host' ],
        [ '127.0.0.1', 'me.test', 'me.test', '204 me', 'without SNI' ],
        [ 'me.test', 'ME.TEST:443', 'me.test', '204 me', 'a port, case' ],
    );

    for (@rows) {
        my ($sni, $host, $aud, $expected, $what) = @$_;
        is $ask->($sni, $host, $aud, $http), $expected, "$http: $what";
    }
}


=== TEST 3: bodies: nothing of them is there before their hash holds
--- http_config eval: PServer::http_config(more => main::names())
--- config eval: main::bodies()
--- script
my $files = sub { join ' ', sort(all_files(owner_dir('owner1'))) };
my $n = 0;

# the first one makes the owner's key

is post('owner1', '/v1/data/body.first', '{}')->{status}, 201, 'first';

my $send = sub {
    my ($how, $megas, $signed, $last, $expected, $what, %o) = @_;
    my $uri = '/v1/data/body.n' . ++$n;
    my $auth = web3signed('owner1', 'POST', $uri, undef,
        bodyHash => 'sha256:' . hash_of($megas, $signed));
    my $length = $megas * 1048576 + length $last;
    my $before = $files->();
    my @before = anonymous();
    my ($seen, $temp, $grown);

    my $status = upload($how, $uri, $auth, $megas, $last, sub {
        $seen = get('owner1', $uri)->{status};
        $temp = temp_bytes();
        $grown = grown(\@before, anonymous());
        return !$o{cut};
    }, $o{length} || $length);

    is $status, $expected, "$how, $what" if !$o{cut};
    is "$seen $temp", '404 0', "$how, $what: nothing before its end";

    my $after = get('owner1', $uri, { Range => 'bytes=0-0' })->{status};

    if ($expected eq '201') {
        isnt $after, 404, "$how, $what: there";
    } else {
        is $after, 404, "$how, $what: not there";
        ok wait_for { $files->() eq $before }, "$how, $what: no file is left";
    }

    diag("$how, $what: grows by $grown KiB") if $ENV{LARGE};

    if ($megas > 9 && !$ENV{ASAN_OPTIONS}) {
        cmp_ok $grown, '<', 4096, "$how, $what: grows by $grown KiB";
    }

    return $uri;
};

for my $how ('whole', 'chunked', 'HTTP/2, whole', 'HTTP/2') {
    my $megas = $ENV{LARGE} || ($how eq 'whole' ? 64 : 16);

    $send->($how, 0, 'x', 'x', 201, 'a byte');
    $send->($how, $megas, 'x', 'x', 201, "$megas MiB");
    $send->($how, 3, 'x', 'y', 401, 'another byte at its end');
    $send->($how, 3, 'xx', 'x', 401, 'shorter than signed');
    $send->($how, 3, 'x', 'xx', 401, 'longer than signed');
    $send->($how, 3, 'x', 'x', '', 'broken off', cut => 1);
}

# and back

my @before = anonymous();
my $auth = web3signed('owner1', 'GET', '/v1/data/body.n2', undef);
my $hash = Digest::SHA->new(256);

open my $in, '-|', 'curl', '-s', '-H', "Authorization: $auth",
    'http://127.0.0.1:' . port() . '/v1/data/body.n2?content=raw'
    or die "curl: $!";
$hash->addfile($in);

is $hash->hexdigest, hash_of($ENV{LARGE} || 64, 'x'), 'the bytes';

my $grown = grown(\@before, anonymous());
cmp_ok $grown, '<', 4096, "read: grows by $grown KiB" if !$ENV{ASAN_OPTIONS};
