# A clock that goes wrong, workers that are replaced and killed while requests
# are in flight, bodies that are not what was announced: each request gets an
# exact answer or a clean end, nothing is done twice, nothing is left.

use lib 't/lib';
use PServer;
use PServer::Fault;
use PServer::Jobs;
use PServer::Store;

use IO::Socket::INET;
use POSIX ();

# the configuration with an engine that has no image: jobs fail at once

sub no_image {
    my $port = port(8);

    return http_config(engine => "127.0.0.1:$port", more => "
    server {
        listen $port;
        location / { return 404 '{}'; }
    }");
}

sub pid_file { server_root() . '/logs/nginx.pid' }

sub master {
    open my $in, '<', pid_file() or return 0;
    return <$in> + 0;
}

# what comes back for these bytes, in this order, and then the end

sub raw {
    my ($parts, %how) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port());

    $s->autoflush(1);

    for (@$parts) {
        print $s $_;
        select undef, undef, undef, $how{pause} || 0;
    }

    shutdown $s, 1 if $how{shut};
    return close $s if $how{abort};

    local $SIG{ALRM} = sub { die "no end\n" };
    alarm 15;
    my $text = do { local $/; <$s> };
    alarm 0;

    return defined $text ? $text : '';
}

# the head of a post

sub head {
    my ($uri, $body, @lines) = @_;

    return join "\r\n", "POST $uri HTTP/1.1", 'Host: x', 'Connection: close',
        'Authorization: ' . auth('owner1', 'POST', $uri, $body),
        'Content-Type: application/json', @lines, '', '';
}

sub left {
    return grep { !m{/(?:jobs|seen|objects)/|/(?:owner\.key|manifest)$} }
        all_files(owner_dir('owner1'));
}

run_tests();

__DATA__

=== TEST 1: the clock goes an hour forward, back, and an hour back
--- http_config eval: main::no_image()
--- config eval: main::config(pserver_repeat_window => '2s')
--- script
return pass('not under a sanitizer') if !faults();

is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'data');

my $uri = '/v1/data/demo.clock';
my $post = sub {
    my ($body, $off, $life) = @_;
    my $authorization = auth('owner1', 'POST', $uri, $body,
        iat => time + $off, exp => time + $off + ($life || 3000));

    return sub {
        http('POST', $uri, { Authorization => $authorization,
            'Content-Type' => 'application/json' }, $body);
    };
};
my $read = sub {
    my $off = shift;
    http('GET', $uri, { Authorization => auth('owner1', 'GET', $uri, undef,
        iat => time + $off, exp => time + $off + 300) });
};
my $denied = sub {
    my ($answer, $reason, $what) = @_;
    is($answer->{status}, 401, $what);
    is($answer->{json}{error}{details}{reason}, $reason, "$what: why");
};

my $remembered = sub { http('GET', '/status')->{json}{counters}{auth_remembered} };
my $header = auth('owner1', 'GET', $uri, undef, iat => time, exp => time + 300);
my $known = sub { http('GET', $uri, { Authorization => $header }) };

my $old = $post->('{"n":1}', 0, 3600);
my $short = $post->('{"n":2}', 0, 300);
my $first = $old->()->{content};
is($short->()->{status}, 201, 'two are stored');
is($known->()->{status}, 200, 'a signature, which is remembered') for 1, 2;

my $text = '{"permission_id":' . permission('ok') . ', "nonce":"c"}';
my $nonce = fresh('ok');
my $job = start_job('app1', $text)->{json}{id};
my $once = start_job('app1', $nonce)->{json}{id};
ok((wait_for { status_of('app1', $job)->{json}{status} eq 'failed' } 10),
    'and two operations');

# an hour ahead

clock_off(3600);

$denied->($read->(0), 'Token expired', 'signed by a right clock');
$denied->($known->(), 'Token expired', 'one that is remembered');
is($read->(3600)->{status}, 200, 'signed by the same clock');
is($old->()->{content}, $first, 'a repeat that has not expired');
$denied->($short->(), 'Token expired', 'one that has');
is(start_job('app1', $nonce)->{status}, 401, 'the operation has expired');

my $again = start_job('app1', $text);
is($again->{status}, 202, 'without exp, after the window');
isnt($again->{json}{id}, $job, 'it is another one');

my $ahead = $post->('{"n":3}', 3600);
is($ahead->()->{status}, 201, 'stored');

# right again

clock_off(0);

is($read->(0)->{status}, 200, 'the right clock');
is($known->()->{status}, 200, 'and what is remembered');
$denied->($ahead->(), 'Token issued in the future', 'signed ahead');
is($old->()->{content}, $first, 'a repeat from before');
is($short->()->{status}, 201, 'and the other');
is(start_job('app1', $nonce)->{json}{id}, $once, 'and the operation');
is(get('owner1', "$uri/versions")->{json}{total}, 3, 'three versions');

ok((wait_for { http('GET', "/api/v1/operations/$again->{json}{id}", {
    Authorization => web3signed('app1', 'GET',
        "/api/v1/operations/$again->{json}{id}") })->{json}{status}
    eq 'failed' } 10), 'what started ahead ends');

my $third = start_job('app1', $text);
is($third->{status}, 202, 'the window is not an hour long');
isnt($third->{json}{id}, $again->{json}{id}, 'it is another one');

# an hour behind

clock_off(-3600);

$denied->($read->(0), 'Token issued in the future', 'signed by a right clock');
$denied->($known->(), 'Token issued in the future', 'one that is remembered');
is($read->(-3600)->{status}, 200, 'signed by the same clock');
$denied->($old->(), 'Token issued in the future', 'nor a repeat');

clock_off(0);

my $before = $remembered->();
is($known->()->{status}, 200, 'what is remembered');
is($remembered->() - $before, 1, 'it still is');
is($old->()->{content}, $first, 'the first answer');
is(get('owner1', "$uri/versions")->{json}{total}, 3, 'three versions');
is(get('owner1', '/v1/access-logs?limit=1')->{status}, 200, 'the log opens');



=== TEST 2: 500 signed requests in flight; reloads, killed workers
--- http_config eval: main::no_image()
--- script
my (%want, @requests);

is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'data');

my $kib = '{"k":"' . 'x' x 1000 . '"}';
post('owner1', '/v1/data/demo.kib', $kib);
my $whole = get('owner1', '/v1/data/demo.kib')->{content};
my $rows = rows();

for my $n (1 .. 500) {

    if ($n % 10 == 0) {
        push @requests, [ 'POST', '/api/v1/operations', {},
            operation('app1', fresh('ok')), 202 ];

    } elsif ($n % 3 == 0) {
        my $uri = '/v1/data/demo.f' . $n % 5;
        my $body = qq({"n":$n});
        $want{$uri}{$n} = 1;
        push @requests, [ 'POST', $uri, {
            Authorization => auth('owner1', 'POST', $uri, $body),
            'Content-Type' => 'application/json' }, $body, 201 ];

    } else {
        my $uri = '/v1/data/demo.kib';
        push @requests, [ 'GET', $uri, {
            Authorization => auth('owner1', 'GET', $uri, undef,
                nonce => "$n") }, undef, 200 ];
    }
}

# 20 clients; each tells number, status and content of what it got

my @pipes = map {
    my $client = $_;

    open my $from, '-|' or do {
        for (my $n = $client; $n < @requests; $n += 20) {
            my ($method, $uri, $headers, $body) = @{$requests[$n]};
            my $r = http($method, $uri, $headers, $body);
            print json([ $n, $r->{status}, $r->{content} ]), "\n";
        }
        close STDOUT;
        POSIX::_exit(0);
    };
    $from;
} 0 .. 19;

for my $what (qw( HUP KILL KILL HUP KILL KILL )) {
    select undef, undef, undef, 0.25;

    if ($what eq 'HUP') {
        kill HUP => master();
        next;
    }

    my @workers = split ' ', `ps -o pid= --ppid @{[ master() ]}`;
    kill KILL => $workers[rand @workers];
}

my (%answer, %count);

for my $from (@pipes) {
    while (<$from>) {
        my ($n, $status, $content) = @{ json($_) };
        $answer{$n} = $content if $status != 599;
        $count{$status == 599 ? 'none' : $status == $requests[$n][4]
            ? 'right' : "$requests[$n][1] $status $content"}++;
    }
}

my ($right, $none) = map { delete $count{$_} || 0 } qw( right none );

is($right + $none, 500, "all: $right answers, $none broken off");
is_deeply(\%count, {}, 'no other answer');
cmp_ok($right, '>', 250, 'most are answered');

# each of them again: nothing is done twice, nothing is missing

my (%ids, @wrong);

for my $n (0 .. $#requests) {
    my ($method, $uri, $headers, $body, $wanted) = @{$requests[$n]};
    my $r = http($method, $uri, $headers, $body);

    $ids{ $r->{json}{id} } = 1 if $wanted == 202 && $r->{json};
    push @wrong, "$uri: $r->{status}" if $r->{status} != $wanted
        || ($wanted == 200 && $r->{content} ne $whole)
        || (exists $answer{$n} && $answer{$n} ne $r->{content});
}

is_deeply(\@wrong, [], 'the right answer, and the same one again');
is(keys %ids, 50, 'operations');

my $over = wait_for { `find @{[ state_dir() ]}/store/leases -type l` eq '' } 30;
ok($over, 'all of them end');

# a worker that was killed between a row and its marker has left one, which
# counts for nothing and goes with the sweep

cmp_ok(rows() - $rows, '>=', 50, 'a row each');
cmp_ok(rows() - $rows, '<=', 50 + $none, 'and of what broke off at most one');

for my $uri (sort keys %want) {
    my $total = get('owner1', "$uri/versions")->{json}{total};
    my %found = map { get('owner1', "$uri?fileId=$_")->{content}
        =~ /"n":(\d+)/; $1 => 1 } 1 .. $total;

    is($total, keys %{$want{$uri}}, "$uri: versions");
    is_deeply(\%found, $want{$uri}, "$uri: each of them");
}

is_deeply([ left() ], [], 'no file is left');
is(get('owner1', '/v1/access-logs?limit=1')->{status}, 200, 'the log opens');
--- timeout: 60
--- alerts_expected



=== TEST 3: bodies that are not what was announced
--- http_config eval
my $http = main::no_image();
$http =~ s/$/\n    client_body_timeout 1s;\n/m;
$http
--- script
my $uri = '/v1/data/demo.body';
my $body = '{"text":"' . 'lemur ' x 20000 . '"}';
my $n = length $body;
my $nothing = sub {
    my $what = shift;
    ok((wait_for { !left() } 5), "$what: no file is left") or diag(left());
    is(get('owner1', $uri)->{status}, 404, "$what: nothing is there");
};

# shorter: the connection's end comes before the body's

my $r = raw([ head($uri, $body, "Content-Length: $n"),
    substr $body, 0, $n - 1 ], shut => 1);
like($r, qr{^(?:HTTP/1.1 400 |$)}, 'shorter, closed');
$nothing->('shorter, closed');

# shorter, and the client waits

$r = raw([ head($uri, $body, "Content-Length: $n"), substr $body, 0, $n - 1 ]);
like($r, qr{^(?:HTTP/1.1 408 |$)}, 'shorter, waiting');
$nothing->('shorter, waiting');

# longer than announced: what was announced is not what was signed

$r = raw([ head($uri, $body, 'Content-Length: ' . ($n - 1)), $body ]);
like($r, qr{^HTTP/1.1 401 .*"INVALID_SIGNATURE"}s, 'longer');
unlike($r, qr{HTTP/1.1 [2345].*HTTP/1.1 }s, 'one answer');
$nothing->('longer');

# longer in chunks; chunks that are none; no last chunk

my $chunk = sub { sprintf("%x\r\n", length $_[0]) . "$_[0]\r\n" };

$r = raw([ head($uri, $body, 'Transfer-Encoding: chunked'),
    $chunk->($body), $chunk->('x'), "0\r\n\r\n" ]);
like($r, qr{^HTTP/1.1 401 .*"INVALID_SIGNATURE"}s, 'a chunk more');
$nothing->('a chunk more');

$r = raw([ head($uri, $body, 'Transfer-Encoding: chunked'),
    $chunk->($body), "zz\r\n" ]);
like($r, qr{^HTTP/1.1 400 }, 'no chunk');
$nothing->('no chunk');

$r = raw([ head($uri, $body, 'Transfer-Encoding: chunked'),
    $chunk->($body) ], shut => 1);
like($r, qr{^(?:HTTP/1.1 400 |$)}, 'no last chunk');
$nothing->('no last chunk');

# aborted at some places

for my $sent (0, 1, 65536, $n - 1) {
    raw([ head($uri, $body, "Content-Length: $n"), substr $body, 0, $sent ],
        abort => 1, pause => 0.02);
}

$nothing->('aborted');

# the same for an operation

my $text = operation('app1', { permission_id => permission('ok') });
my $rows = rows();
my $length = length $text;

for ([ shorter => $length, substr($text, 0, -1), qr{^(?:HTTP/1.1 400 |$)} ],
     [ cut => $length - 1, $text, qr{^HTTP/1.1 422 } ])
{
    my ($what, $announced, $sent, $like) = @$_;
    my $r = raw([ "POST /api/v1/operations HTTP/1.1\r\nHost: x\r\n"
        . "Connection: close\r\nContent-Length: $announced\r\n\r\n", $sent ],
        $what eq 'shorter' ? (shut => 1) : ());
    like($r, $like, "an operation, $what");
}

is(rows(), $rows, 'no row');

# a body that dribbles in is as good as any

$r = raw([ head($uri, '{"a":"slow"}', 'Content-Length: 12'),
    split //, '{"a":"slow"}' ], pause => 0.03);
like($r, qr{^HTTP/1.1 201 }, 'dribbled');
like(get('owner1', $uri)->{content}, qr/"a":"slow"/, 'it is there');
is_deeply([ left() ], [], 'no file is left');
is(get('owner1', '/v1/access-logs?limit=1')->{status}, 200, 'the log opens');
