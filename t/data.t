# workers: 4
#
# What the data API says in headers, whatever stands at server level.

use lib 't/lib';
use PServer;
use PServer::Store;

use IO::Socket::INET;


our $gzip = <<'END';

        gzip            on;
        gzip_types      *;
        gzip_min_length 1;
        gzip_vary       on;
        gzip_proxied    any;

        location /page { return 200 "a page of an application, as others are"; }

        location /v1/data/whole. {
            pserver data;
            max_ranges 0;
        }
END

# the headers of an answer as they came, without a client in between

sub headers {
    my ($wallet, $method, $uri, $more) = @_;
    (my $path = $uri) =~ s/\?.*//;

    my @options = map { ('-H', "$_: $more->{$_}") } keys %{ $more || {} };
    push @options, '-H', 'Authorization: ' . auth($wallet, $method, $path)
        if $wallet;
    push @options, $method eq 'HEAD' ? '-I' : ('-X', $method);

    open my $curl, '-|', 'curl', '-s', '-D', '-', '-o', '/dev/null',
        @options, 'http://127.0.0.1:' . port() . $uri or die;
    local $/;
    return <$curl>;
}

our %cors = (
    'Allow-Origin' => '*',
    'Allow-Headers' => 'Content-Type, Authorization',
    'Allow-Methods' => 'GET, POST, PUT, DELETE, OPTIONS',
    'Max-Age' => '86400',
);

sub has_cors {
    my $text = shift;

    return !grep { my $name = $_;
        1 != (() = $text =~ /^Access-Control-$name: \Q$cors{$name}\E\r$/mg) }
        keys %cors;
}

run_tests();

__DATA__

=== TEST 1: no answer is compressed
--- config eval: main::config(more => $main::gzip)
--- script
my $text = '{"text":"' . 'the same ' x 2000 . '"}';
my %zip = ('Accept-Encoding' => 'gzip');

post('owner1', '/v1/data/demo.text', $text);

like headers(undef, 'GET', '/page', \%zip), qr/^Content-Encoding: gzip/m,
    "an application's are";

for my $uri (qw( /v1/data/demo.text /v1/data /v1/data/demo.text/versions
    /v1/access-logs /health ))
{
    for my $method (qw( GET HEAD )) {
        my $head = headers('owner1', $method, $uri, \%zip);

        like $head, qr/^HTTP\/1.1 200 /, "$method $uri";
        unlike $head, qr/^Content-Encoding:/mi, 'as it is';
        like $head, qr/^Content-Length: \d+\r$/m, 'of a known length';
        like $head, qr/^Cache-Control: private, no-store\r$/m, 'not kept'
            if $uri =~ /data/;
    }
}

my $head = headers('owner1', 'GET', '/v1/data/demo.text', \%zip);
like $head, qr/^ETag: "[0-9a-f]{32}-e"\r$/m, 'a strong tag';
like $head, qr/^Accept-Ranges: bytes\r$/m, 'ranges';

like headers('owner1', 'GET', '/v1/data/demo.none', \%zip),
    qr/^HTTP\/1.1 404 (?!.*^Content-Encoding:)/ms, 'nor is an error';


=== TEST 2: a tag is of the version, not of what it holds
--- config eval: main::config(more => $main::gzip)
--- script
my $tag = sub { get('owner1', $_[0])->{headers}{etag} };
my $uri = '/v1/data/demo.tag';
my %seen;

for my $n (1 .. 3) {
    my $auth = auth('owner1', 'POST', $uri, 'same', nonce => "tag$n");
    is http('POST', $uri, { Authorization => $auth, 'Content-Type' => 'x/y' },
        'same')->{status}, 201, "stored $n";

    my $now = $tag->($uri);
    my $raw = $tag->("$uri?content=raw");

    is $tag->($uri), $now, 'the same each time';
    is $tag->("$uri?fileId=$n"), $now, 'and by its number';
    isnt $raw, $now, 'raw it is another';
    $seen{$_}++ for $now, $raw;
}

is_deeply [ sort { $a <=> $b } values %seen ], [ (1) x 6 ],
    'the same bytes have a tag each time they are stored';


=== TEST 3: ranges and dates through the envelope
--- config eval: main::config(more => $main::gzip)
--- script
my $uri = '/v1/data/demo.range';
my $text = '{"n":"' . join('', 'a' .. 'zz') . '"}';
post('owner1', $uri, $text);

my $r = get('owner1', $uri);
my ($whole, $date) = ($r->{content}, $r->{headers}{'last-modified'});
my $n = length $whole;

for ([ 'bytes=-7', $n - 7, 7 ], [ 'bytes=0-0', 0, 1 ],
     [ 'bytes=' . ($n - 1) . '-', $n - 1, 1 ],
     [ "bytes=100-99999", 100, $n - 100 ], [ "bytes=-$n", 0, $n ])
{
    my ($range, $from, $len) = @$_;

    $r = get('owner1', $uri, { Range => $range });
    is $r->{status}, 206, $range;
    is $r->{content}, substr($whole, $from, $len), 'the bytes';
    is $r->{headers}{'content-range'},
        "bytes $from-" . ($from + $len - 1) . "/$n", 'which they are';
}

for my $range ('bytes=0-1,4-5', 'bytes=-1,0-0', 'bytes=0-0, 2-2') {
    $r = get('owner1', $uri, { Range => $range });
    ok $r->{status} == 200 && $r->{content} eq $whole, "$range: the whole";
}

for my $range ("bytes=$n-", 'bytes=99999-', 'bytes=-0') {
    $r = get('owner1', $uri, { Range => $range });
    is $r->{status}, 416, $range;
    is $r->{headers}{'content-range'}, "bytes */$n", 'how long it is';
    unlike $r->{content}, qr/collectedAt/, 'none of it';
}

is get('owner1', $uri, { 'If-Range' => $date, Range => 'bytes=0-9' })
    ->{status}, 206, 'If-Range, its date';
is get('owner1', $uri, { 'If-Range' => 'Thu, 01 Jan 2026 00:00:00 GMT',
    Range => 'bytes=0-9' })->{content}, $whole, 'If-Range, another';
is get('owner1', $uri, { 'If-Unmodified-Since' =>
    'Thu, 01 Jan 2026 00:00:00 GMT' })->{status}, 412, 'If-Unmodified-Since';
is get('owner1', $uri, { 'If-None-Match' => '*' })->{status}, 304,
    'If-None-Match: *';

# where the operator has ranges off, the whole comes, from its beginning

my $bytes = join '', map { pack 'N', $_ } 1 .. 100000;
post('owner1', '/v1/data/whole.x', $bytes, { 'Content-Type' => 'x/y' });
$r = get('owner1', '/v1/data/whole.x?content=raw',
    { Range => 'bytes=300000-300010' });
ok $r->{status} == 200 && $r->{content} eq $bytes, 'max_ranges 0';


=== TEST 4: CORS, on each answer once
--- config eval: main::config(more => $main::gzip)
--- script
my $uri = '/v1/data/demo.cors';
post('owner1', $uri, '{}');
my $tag = get('owner1', $uri)->{headers}{etag};

for (
    [ 200, 'owner1', 'GET', $uri ], [ 200, 'owner1', 'HEAD', $uri ],
    [ 206, 'owner1', 'GET', $uri, { Range => 'bytes=0-4' } ],
    [ 304, 'owner1', 'GET', $uri, { 'If-None-Match' => $tag } ],
    [ 400, 'owner1', 'GET', '/v1/data/bad' ],
    [ 401, undef, 'GET', $uri ], [ 401, 'app1', 'POST', $uri ],
    [ 403, 'app1', 'GET', $uri ],
    [ 404, 'owner1', 'GET', '/v1/data/demo.none' ],
    [ 404, undef, 'GET', '/v1/nothing' ], [ 405, undef, 'PUT', $uri ],
    [ 412, 'owner1', 'GET', $uri, { 'If-Match' => '"x"' } ],
    [ 416, 'owner1', 'GET', $uri, { Range => 'bytes=9999-' } ],
    [ 200, 'owner1', 'GET', '/v1/data' ],
    [ 200, 'owner1', 'GET', "$uri/versions" ],
    [ 200, 'owner1', 'GET', '/v1/access-logs' ], [ 200, undef, 'GET', '/health' ],
    [ 204, 'owner1', 'DELETE', $uri ],
) {
    my ($status, @request) = @$_;
    my $head = headers(@request);

    like $head, qr/^HTTP\/1.1 $status /,
        "$status: " . join ' ', grep { defined && !ref } @request;
    ok has_cors($head), 'CORS' or diag $head;
}

for my $path ('/v1/data', $uri, "$uri/versions", '/v1/access-logs', '/health') {
    my $head = headers(undef, 'OPTIONS', $path, { Origin => 'https://a.example',
        'Access-Control-Request-Method' => 'POST' });

    like $head, qr/^HTTP\/1.1 204 /, "OPTIONS $path";
    ok has_cors($head), 'CORS';
}


=== TEST 5: who reads slowly holds no thread
--- main_config
thread_pool two threads=2;
--- http_config eval: main::http_config() . "    pserver_thread_pool two;\n"
--- config eval
main::config(more => '
        location /v1/data/ { pserver data; client_max_body_size 16m; }')
--- script
my $bytes = join('', map { pack 'N', $_ } 1 .. 65536) x 48;    # 12 MB
my $uri = '/v1/data/demo.slow';
post('owner1', $uri, $bytes, { 'Content-Type' => 'x/y' });

my $request = "GET $uri?content=raw HTTP/1.0\r\nAuthorization: "
    . auth('owner1', 'GET', $uri) . "\r\n\r\n";

# each takes a little and then waits, as others send a little and then wait

my @readers = map {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port()) or die;
    $s->autoflush(1);
    print $s $request;
    sysread $s, my $begin, 1000;
    [ $s, $begin ];
} 1 .. 20;

my $upload = auth('owner1', 'POST', '/v1/data/demo.up', $bytes);

my @writers = map {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port()) or die;
    $s->autoflush(1);
    print $s "POST /v1/data/demo.up HTTP/1.1\r\nHost: x\r\n",
        "Authorization: $upload\r\nContent-Type: x/y\r\n",
        'Content-Length: ', length $bytes, "\r\n\r\n", substr $bytes, 0, 300000;
    $s;
} 1 .. 20;

my $began = time;

for my $n (1 .. 5) {
    my $r = get('owner1', "$uri?content=raw&fileId=1");
    ok $r->{status} == 200 && $r->{content} eq $bytes, "another one is served";
}

is post('owner1', '/v1/data/demo.next', '{}')->{status}, 201, 'and stores';
cmp_ok time - $began, '<', 10, 'at once';

close $_ for @writers;

my $whole = grep {
    my ($s, $begin) = @$_;
    my $rest = do { local $/; <$s> };
    (split /\r\n\r\n/, $begin . $rest, 2)[1] eq $bytes;
} @readers;

is $whole, 20, 'and in the end each slow one has it all';
