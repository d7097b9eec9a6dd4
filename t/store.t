use lib 't/lib';
use PServer;
use PServer::Store;

use Digest::SHA qw( sha256_hex );
use IO::Socket::INET;
use MIME::Base64;


# files below the store and nginx's own folders in which the text stands

sub found {
    my $text = shift;

    # a temporary file may be gone by now

    return grep { index(eval { slurp($_) } // '', $text) >= 0 }
        grep { !m{/access\.log$} }
        all_files(state_dir()), all_files($ENV{TEST_NGINX_SERVROOT});
}

# bytes that are not JSON, the same each time

sub noise {
    my $n = shift;
    return substr join('', map { pack 'H*', sha256_hex("noise $_") }
        0 .. $n / 32), 0, $n;
}

# the data API with limits of its own

sub sized {
    my ($max, $buffer) = @_;

    return config(more => <<"END");

        location /v1/data/ {
            pserver data;
            client_max_body_size $max;
            client_body_buffer_size $buffer;
        }
END
}


# a disk of one megabyte

sub small_disk {
    my $dir = state_dir() . '/small';

    if (!-d $dir) {
        mkdir $dir;
        system('mount', '-t', 'tmpfs', '-o', 'size=1m', 'pserver', $dir) == 0
            or die 'mount';
    }

    return $dir;
}

END { system 'umount', '-l', state_dir() . '/small' if -d state_dir() . '/small/owners' }

run_tests();

__DATA__

=== TEST 1: a JSON object, stored and read back byte for byte
--- script
my $text = '{ "words": ["xylophone zebra", 1.50, "\u00e9"],  "n": {} }';
my $r = post('owner1', '/v1/data/demo.first', $text,
    { 'Content-Type' => 'application/json' });

is $r->{status}, 201, 'status';
like $r->{content}, qr/^\{"scope":"demo\.first","collectedAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ","status":"stored"\}$/, 'answer';

my $at = $r->{json}{collectedAt};

$r = get('owner1', '/v1/data/demo.first');

is $r->{status}, 200, 'read';
is $r->{content}, '{"version":"1.0","scope":"demo.first","collectedAt":"'
    . $at . '","data":' . $text . '}', 'envelope';
is $r->{headers}{'content-type'}, 'application/json', 'type';
is $r->{headers}{'cache-control'}, 'private, no-store', 'no-store';
is $r->{headers}{'content-length'}, length $r->{content}, 'length';
like $r->{headers}{etag}, qr/^"[0-9a-f]{32}-e"$/, 'etag';

is_deeply [ found('xylophone') ], [], 'no word of it on the disk';
is_deeply [ found('demo.first') ], [], 'nor its name';


=== TEST 2: how it lies on disk
--- script
my $dir = owner_dir('owner1');
my @files = grep { !m{^(jobs|seen)/} } sort map { s{^\Q$dir\E/}{}r } all_files($dir);

is scalar @files, 3, 'a manifest, an object and a key';
is $files[0], 'manifest', 'manifest';
like $files[1], qr{^objects/[0-9a-f]{64}/00000001$}, 'object';
is $files[2], 'owner.key', 'key';
is -s "$dir/manifest", 16 + 2 * 152, 'length of the manifest';
is -s "$dir/owner.key", 180, 'length of the key file';
is -s "$dir/$files[1]", 4096 + 16 + length
    '{ "words": ["xylophone zebra", 1.50, "\u00e9"],  "n": {} }', 'and of it';

is sprintf('%o', (stat "$dir/$_")[2] & 0777), '600', "mode of $_" for @files;
is sprintf('%o', (stat $dir)[2] & 0777), '700', 'mode of the folder';


=== TEST 3: a binary, in the envelope and raw
--- script
my $bytes = noise(1000);
my $r = post('owner1', '/v1/data/demo.photo', $bytes,
    { 'Content-Type' => 'image/png', 'X-Filename' => 'a "b".png' });

is $r->{status}, 201, 'stored';

$r = get('owner1', '/v1/data/demo.photo');

is $r->{status}, 200, 'read';
is_deeply $r->{json}{data}, {
    '$binary' => JSON::PP::true, mimeType => 'image/png',
    filename => 'a "b".png', sizeBytes => 1000,
    contentHash => '0x' . sha256_hex($bytes), encoding => 'base64',
    content => encode_base64($bytes, '') }, 'envelope';
is $r->{headers}{'content-length'}, length $r->{content}, 'length';

$r = get('owner1', '/v1/data/demo.photo?content=raw');

is $r->{status}, 200, 'raw';
ok $r->{content} eq $bytes, 'the bytes';
is $r->{headers}{'content-type'}, 'image/png', 'type';
is $r->{headers}{'x-content-type-options'}, 'nosniff', 'nosniff';
like $r->{headers}{etag}, qr/^"[0-9a-f]{32}-r"$/, 'etag of its own';

is_deeply [ found(substr $bytes, 100, 32) ], [], 'not on the disk';

$r = get('owner1', '/v1/data/demo.first?content=raw');

is $r->{status}, 400, 'JSON is not raw';
is $r->{json}{error}, 'NOT_BINARY_SCOPE', 'code';


=== TEST 4: lengths around chunks and batches
--- script
for my $n (0, 1, 2, 65535, 65536, 65537, 131072, 196607, 196608, 196609,
           262143, 262144, 393216, 700001)
{
    my $bytes = noise($n);
    my $r = post('owner1', '/v1/data/demo.len', $bytes,
        { 'Content-Type' => 'application/x' });

    is $r->{status}, 201, "stored $n";

    $r = get('owner1', '/v1/data/demo.len?content=raw');
    ok $r->{status} == 200 && $r->{content} eq $bytes, "raw $n";

    $r = get('owner1', '/v1/data/demo.len');
    is length $r->{content}, $r->{headers}{'content-length'}, "length $n";
    ok decode_base64($r->{json}{data}{content}) eq $bytes, "base64 $n";
}


=== TEST 5: ranges
--- script
my $bytes = noise(700001);
my $uri = '/v1/data/demo.len?content=raw';
my $whole = get('owner1', '/v1/data/demo.len')->{content};

for ([0, 0], [0, 9], [65530, 65545], [196600, 196620], [196608, 196608],
     [300000, 699999], [699990, 700000], [700000, 800000], [1, 700000])
{
    my ($from, $to) = @$_;
    my $r = get('owner1', $uri, { Range => "bytes=$from-$to" });

    $to = 700000 if $to > 700000;

    is $r->{status}, 206, "$from-$to";
    is $r->{headers}{'content-range'}, "bytes $from-$to/700001", 'its header';
    ok $r->{content} eq substr($bytes, $from, $to - $from + 1), 'its bytes';
}

my $r = get('owner1', $uri, { Range => 'bytes=500000-' });
ok $r->{status} == 206 && $r->{content} eq substr($bytes, 500000), 'N-';

$r = get('owner1', $uri, { Range => 'bytes=-5' });
ok $r->{status} == 206 && $r->{content} eq substr($bytes, -5), '-N';

$r = get('owner1', $uri, { Range => 'bytes=-9999999' });
ok $r->{status} == 206 && $r->{content} eq $bytes, '-N over all';

$r = get('owner1', $uri, { Range => 'bytes=0-1,5-9' });
ok $r->{status} == 200 && $r->{content} eq $bytes, 'several: the whole';

$r = get('owner1', $uri, { Range => 'bytes=700001-' });
is $r->{status}, 416, 'behind the end';
is $r->{headers}{'content-range'}, 'bytes */700001', 'its header';

# the same through the envelope, in base64

my $n = length $whole;

for ([0, 20], [50, 600], [262000, 263000], [$n - 5, $n - 1], [$n - 1, $n - 1],
     [524500, 524600], [300000, $n - 2])
{
    my ($from, $to) = @$_;
    my $r = get('owner1', '/v1/data/demo.len', { Range => "bytes=$from-$to" });

    ok $r->{status} == 206
        && $r->{content} eq substr($whole, $from, $to - $from + 1),
        "envelope $from-$to";
}


=== TEST 5a: the file as it lies on the disk, for its owner
--- script
my $sealed = { Accept => 'application/vnd.pserver.sealed' };
my ($name) = grep { -s $_ > 700001 } all_files(owner_dir('owner1') . '/objects');
my $file = slurp($name);
my $r = get('owner1', '/v1/data/demo.len', $sealed);

is $r->{status}, 200, 'sealed';
is $r->{headers}{'content-type'}, 'application/vnd.pserver.sealed', 'its type';
is $r->{headers}{'content-length'}, length $file, 'its length';
ok $r->{content} eq $file, 'byte for byte';
like $r->{headers}{etag}, qr/^"[0-9a-f]{32}-s"$/, 'a tag of its own';
is $r->{headers}{'cache-control'}, 'private, no-store', 'not to be kept';

my $etag = $r->{headers}{etag};

for ([0, 7, 'PSVRSEAL'], [4096, 69631], [700000, 700010]) {
    my ($from, $to, $text) = @$_;
    $r = get('owner1', '/v1/data/demo.len',
        { %$sealed, Range => "bytes=$from-$to" });
    is $r->{status}, 206, "sealed, $from-$to";
    ok $r->{content} eq ($text || substr($file, $from, $to - $from + 1)),
        'these bytes';
}

$r = get('owner1', '/v1/data/demo.len?content=raw', { %$sealed,
    'If-None-Match' => $etag });
is $r->{status}, 304, 'sealed, If-None-Match';
$r = get('owner1', '/v1/data/demo.len', { 'If-None-Match' => $etag });
is $r->{status}, 200, 'the tag is not that of the plaintext';

$r = ask('owner1', 'HEAD', '/v1/data/demo.len', undef, $sealed);
is $r->{headers}{'content-length'}, length $file, 'sealed, HEAD';

for ('text/html, application/vnd.pserver.sealed;q=0.5',
     'APPLICATION/VND.PSERVER.SEALED')
{
    $r = get('owner1', '/v1/data/demo.len', { Accept => $_ });
    ok $r->{content} eq $file, "Accept: $_";
}

for ('application/vnd.pserver.sealedx', '*/*', '', ',,;') {
    $r = get('owner1', '/v1/data/demo.len', { Accept => $_ });
    is $r->{json}{scope}, 'demo.len', "Accept: $_: the envelope";
}

is get('owner2', '/v1/data/demo.len', $sealed)->{status}, 404, 'of another owner';
is get('owner1', '/v1/data/demo.none', $sealed)->{status}, 404, 'of nothing';


=== TEST 6: conditions, HEAD
--- script
my $uri = '/v1/data/demo.len?content=raw';
my $bytes = noise(700001);
my $r = get('owner1', $uri);
my ($etag, $date) = @{ $r->{headers} }{qw( etag last-modified )};

is get('owner1', $uri, { 'If-None-Match' => $etag })->{status}, 304, 'If-None-Match';
is get('owner1', $uri, { 'If-Modified-Since' => $date })->{status}, 304, 'If-Modified-Since';
is get('owner1', $uri, { 'If-Match' => '"x"' })->{status}, 412, 'If-Match, no hit';
is get('owner1', $uri, { 'If-Match' => $etag })->{status}, 200, 'If-Match, hit';

$r = get('owner1', $uri, { 'If-Range' => $etag, Range => 'bytes=400000-400009' });
ok $r->{status} == 206 && $r->{content} eq substr($bytes, 400000, 10), 'hit';

$r = get('owner1', $uri, { 'If-Range' => '"x"', Range => 'bytes=400000-400009' });
ok $r->{status} == 200 && $r->{content} eq $bytes, 'If-Range, no hit';

$r = ask('owner1', 'HEAD', $uri);
is $r->{status}, 200, 'HEAD';
is $r->{headers}{'content-length'}, 700001, 'its length';
is $r->{headers}{etag}, $etag, 'its etag';
is $r->{content} || '', '', 'no body';


=== TEST 7: versions: the latest, by number, by time
--- script
my @at;

for (1 .. 3) {
    my $r = post('owner1', '/v1/data/demo.versions', qq({"v":$_}));
    push @at, $r->{json}{collectedAt};
    sleep 1.1 if $_ == 2;
}

my $read = sub { get('owner1', "/v1/data/demo.versions$_[0]")->{json}{data}{v} };

is $read->(''), 3, 'latest';
is $read->("?fileId=$_"), $_, "version $_" for 1 .. 3;
is $read->("?at=$at[1]"), 2, 'at that time';
is $read->('?at=2099-01-01T00:00:00.5Z'), 3, 'in the future';

is get('owner1', '/v1/data/demo.versions?at=2001-01-01T00:00:00Z')->{status},
    404, 'before there was any';
is get('owner1', "/v1/data/demo.versions?fileId=$_")->{status}, 404, "no version $_"
    for qw( 4 0 x 99999999999999999999 123456789 );

my $r = get('owner1', '/v1/data/demo.versions?at=yesterday');
is $r->{status}, 400, 'no time';
is $r->{json}{error}, 'INVALID_TIMESTAMP', 'code';


=== TEST 8: what is refused
--- script
for ('', '[]', 'null', '{"a":1', '{"a":1}x', '{a:1}', "\xef\xbb\xbf{}",
     '{"a":"' . "\xff" . '"}', '{"a":' x 600 . '1' . '}' x 600)
{
    my $r = post('owner1', '/v1/data/demo.bad', $_,
        { 'Content-Type' => 'application/json; charset=utf-8' });

    is $r->{status}, 400, 'not an object: ' . substr $_, 0, 20;
    is $r->{content}, '{"error":"INVALID_BODY","message":"the body is not a JSON object"}', 'body';
}

for ({ 'Content-Type' => 'x' x 256 },
     { 'Content-Type' => 'image/png', 'X-Filename' => 'x' x 256 },
     { 'Content-Type' => 'image/png', 'X-Vana-Metadata' => 'x' x 2049 })
{
    my $r = post('owner1', '/v1/data/demo.bad', '{}', $_);

    is $r->{status}, 400, 'headers';
    is $r->{json}{error}, 'INVALID_HEADER', 'code';
}

for my $scope (qw( demo a.b.c.d A.b a. .a a..b a.b- )) {
    my $r = get('owner1', "/v1/data/$scope");
    is $r->{status}, 400, "scope $scope";
    is $r->{json}{error}, 'INVALID_SCOPE', 'code';

    is post('owner1', "/v1/data/$scope", '{}')->{status}, 400, 'post';
}

is http('GET', '/v1/data/a.')->{status}, 400, 'before auth on a read';
is http('POST', '/v1/data/a.', {}, '{}')->{status}, 401, 'after it on a write';

my $r = get('owner1', '/v1/data/demo.bad');
is $r->{status}, 404, 'nothing was stored';
is $r->{content}, '{"error":"NOT_FOUND","message":"no such data"}', 'body';


=== TEST 9: a body that is not what was signed
--- script
my $signed = web3signed('owner1', 'POST', '/v1/data/demo.forged', '{"a":1}');

for my $body ('{"a":2}', '{"a":1} ', '', '{"a":1', noise(500000)) {
    my $r = http('POST', '/v1/data/demo.forged',
        { Authorization => $signed, 'Content-Type' => 'application/json' }, $body);

    is $r->{status}, 401, 'status';
    is $r->{json}{error}{errorCode}, 'INVALID_SIGNATURE', 'code';
}

is get('owner1', '/v1/data/demo.forged')->{status}, 404, 'nothing is stored';
is_deeply [ all_files(owner_dir('owner1') . '/tmp') ], [], 'nothing is left';


=== TEST 10: two owners
--- script
is post('owner2', '/v1/data/demo.first', '{"mine":"owner2"}')->{status}, 201, 'stored';
is get('owner2', '/v1/data/demo.first')->{json}{data}{mine}, 'owner2', 'read';
like get('owner1', '/v1/data/demo.first')->{content}, qr/xylophone/, "the other's";
is get('owner2', '/v1/data/demo.photo')->{status}, 404, 'what only one has';

my ($one) = grep { m{/objects/} } all_files(owner_dir('owner2'));
my ($name) = $one =~ m{objects/([0-9a-f]{64})};
ok !-e owner_dir('owner1') . "/objects/$name", 'the names differ';

# a file carried over from the one to the other

my ($theirs) = grep { -s == 4096 + 16 + 17 } all_files(owner_dir('owner2'));
my ($target) = grep { -s == 4096 + 16 + 7 } glob owner_dir('owner1')
    . '/objects/*/00000003';
system 'cp', $target, "$target.kept";
system 'cp', $theirs, $target;

my $r = get('owner1', '/v1/data/demo.versions');
is $r->{status}, 500, 'does not open';
is $r->{json}{error}, 'DECRYPTION_ERROR', 'code';

rename "$target.kept", $target;
is get('owner1', '/v1/data/demo.versions')->{status}, 200, 'back';

$r = post('app1', '/v1/data/demo.first', '{}');
is $r->{status}, 401, 'not an owner';
is $r->{json}{error}{errorCode}, 'NOT_OWNER', 'code';


=== TEST 11: a disk that changes things
--- script
my $bytes = noise(300000);
post('owner1', '/v1/data/demo.disk', $bytes, { 'Content-Type' => 'x/y' });

my ($file) = sort { -M $a <=> -M $b }
    grep { -s == 4096 + 300000 + 5 * 16 } all_files(owner_dir('owner1'));

my $change = sub {
    my ($at, $cut) = @_;
    my $good = slurp($file);
    my $bad = $good;

    substr($bad, $at, 1) ^= "\1" if defined $at;
    $bad = substr $bad, 0, $cut if defined $cut;

    open my $out, '>:raw', $file or die;
    print $out $bad;
    close $out;

    my $r = get('owner1', '/v1/data/demo.disk?content=raw');

    open $out, '>:raw', $file or die;
    print $out $good;
    close $out;

    return $r;
};

is $change->(0)->{status}, 500, 'magic';
is $change->(300)->{status}, 500, 'metadata';
is $change->(4096 + 4 * 65552 + 3)->{status}, 500, 'last chunk';
is $change->(undef, 4096 + 4 * 65552)->{status}, 500, 'cut at a chunk';
is $change->(undef, 4096 + 65552 + 100)->{status}, 500, 'cut within one';
is $change->(undef, 100)->{status}, 500, 'cut within the header';
is $change->(undef, 0)->{status}, 500, 'empty';

# a chunk in the middle: the answer breaks off before it

my $r = $change->(4096 + 3 * 65552 + 3);
is $r->{status}, 599, 'broken off';

ok get('owner1', '/v1/data/demo.disk?content=raw')->{content} eq $bytes, 'whole';


=== TEST 12: uploads that break off
--- script
my $body = noise(2000000);
my $signed = auth('owner1', 'POST', '/v1/data/demo.broken', $body);
my $files = sub { scalar grep { !m{/(?:jobs|seen)/} } all_files(owner_dir('owner1')) };
my $before = $files->();

for my $sent (0, 10, 70000, 600000, 1999999) {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port());

    print $s "POST /v1/data/demo.broken HTTP/1.1\r\nHost: x\r\n",
        "Authorization: $signed\r\n",
        "Content-Type: a/b\r\nContent-Length: 2000000\r\n\r\n",
        substr $body, 0, $sent;
    select undef, undef, undef, 0.2;
    close $s;
}

select undef, undef, undef, 0.5;

is $files->(), $before, 'no file is left';
is get('owner1', '/v1/data/demo.broken')->{status}, 404, 'nothing is there';


=== TEST 13: slow and chunked bodies, small and large
--- script
for my $n (2, 100, 100000, 900000) {
    my $body = '{"text":"' . 'platypus ' x ($n / 9) . '"}';
    my $signed = signed('owner1', 'POST', '/v1/data/demo.slow', $body);

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port());
    $s->autoflush(1);

    print $s "POST /v1/data/demo.slow HTTP/1.1\r\nHost: x\r\n$signed\r\n",
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

    for my $part (unpack '(a150000)*', $body) {
        print $s sprintf("%x\r\n", length $part), $part, "\r\n";
        select undef, undef, undef, 0.05;
    }

    print $s "0\r\n\r\n";

    my $answer = do { local $/; <$s> };
    like $answer, qr{^HTTP/1.1 201 }, "chunked $n";

    my $r = get('owner1', '/v1/data/demo.slow');
    ok index($r->{content}, ",\"data\":$body}") > 0, 'the same text';
}

is_deeply [ found('platypus') ], [], 'no word of it on the disk';


=== TEST 14: a body over client_max_body_size
--- config eval: main::sized('100k', '8k')
--- script
my $signed = auth('owner1', 'POST', '/v1/data/demo.large', noise(200000));

is http('POST', '/v1/data/demo.large', { Authorization => $signed,
    'Content-Type' => 'x/y' }, noise(200000))->{status}, 413, 'by length';

my @parts = unpack '(a8000)*', noise(200000);

my $r = http('POST', '/v1/data/demo.large', { Authorization => $signed,
    'Content-Type' => 'x/y' }, sub { shift @parts });

is $r->{status}, 413, 'chunked';
is $r->{json}{error}, 'CONTENT_TOO_LARGE', 'code';
is get('owner1', '/v1/data/demo.large')->{status}, 404, 'nothing is there';

my $body = noise(100000);
is post('owner1', '/v1/data/demo.large', $body,
    { 'Content-Type' => 'x/y' })->{status}, 201, 'small buffers';
ok get('owner1', '/v1/data/demo.large?content=raw')->{content} eq $body, 'read';


=== TEST 15: a full disk
--- config eval
main::config(pserver_store => main::small_disk(), pserver_store_reserve => 0)
--- script
my $small = small_disk();

is post('owner1', '/v1/data/demo.small', noise(500000),
    { 'Content-Type' => 'x/y' })->{status}, 201, 'there is room';

my $r = post('owner1', '/v1/data/demo.small', noise(600000),
    { 'Content-Type' => 'x/y' });

is $r->{status}, 507, 'there is none';
is $r->{json}{error}, 'INSUFFICIENT_STORAGE', 'code';

is_deeply [ sort map { s{^.*/}{}r } grep { m{/owners/} && !m{/(?:jobs|seen)/} }
    all_files($small) ], [ "00000001", "manifest", "owner.key" ],
    "no file is left";
ok get('owner1', '/v1/data/demo.small?content=raw')->{content}
    eq noise(500000), 'the version before is there';

is post('owner1', '/v1/data/demo.small', noise(300000),
    { 'Content-Type' => 'x/y' })->{status}, 201, 'what fits still goes in';


=== TEST 16: memory does not follow the length
--- config eval: main::sized('100m', '16k')
--- script
my $memory = sub {
    my $sum = 0;

    for my $pid (split ' ', qx(pgrep -P \$(cat $ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid))) {
        my ($kb) = slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;
        $sum += $kb || 0;
    }

    return $sum;
};

my $body = noise(32) x 750000;
my $before = $memory->();

is post('owner1', '/v1/data/demo.big', $body,
    { 'Content-Type' => 'x/y' })->{status}, 201, '24 MB stored';
ok get('owner1', '/v1/data/demo.big?content=raw')->{content} eq $body, 'read';
ok length get('owner1', '/v1/data/demo.big')->{content} > 32000000, 'base64';

cmp_ok $memory->() - $before, '<', 12000, 'kilobytes more';


=== TEST 17: twenty at once are twenty versions
--- script
my $signed = web3signed('owner2', 'POST', '/v1/data/demo.many', '{"n":1}');
my @claims = map { web3signed('owner2', 'POST', '/v1/data/demo.many',
    qq({"n":$_})) } 1 .. 20;
my @pids;

for my $n (1 .. 20) {
    my $pid = fork;
    die if !defined $pid;

    if ($pid == 0) {
        my $r = http('POST', '/v1/data/demo.many',
            { Authorization => $claims[$n - 1],
              'Content-Type' => 'application/json' }, qq({"n":$n}));
        require POSIX;
        POSIX::_exit($r->{status} == 201 ? 0 : 1);
    }

    push @pids, $pid;
}

my $bad = grep { waitpid $_, 0; $? } @pids;
is $bad, 0, 'all were stored';

my %seen = map { get('owner2', "/v1/data/demo.many?fileId=$_")
    ->{json}{data}{n} => 1 } 1 .. 20;
is scalar keys %seen, 20, 'each one is there';
is get('owner2', '/v1/data/demo.many?fileId=21')->{status}, 404, 'and no more';


=== TEST 18: a request that changes something takes effect once
--- script
my $send = sub {
    my ($auth, $method, $body) = @_;

    return http($method, '/v1/data/demo.once', { Authorization => $auth,
        defined $body ? ('Content-Type' => 'application/json') : () }, $body);
};

my $first = auth('owner1', 'POST', '/v1/data/demo.once', '{"n":1}');
my $second = auth('owner1', 'POST', '/v1/data/demo.once', '{"n":2}');
my $delete = auth('owner1', 'DELETE', '/v1/data/demo.once');

my $r = $send->($first, 'POST', '{"n":1}');
is $r->{status}, 201, 'stored';
select undef, undef, undef, 1.1;

my $again = $send->($first, 'POST', '{"n":1}');
is $again->{status}, 201, 'a repeat';
is $again->{content}, $r->{content}, 'the first answer, to the second';

is $send->($second, 'POST', '{"n":2}')->{status}, 201, 'another one';
is $send->($first, 'POST', '{"n":1}')->{status}, 201, 'the first again';
is get('owner1', '/v1/data/demo.once')->{json}{data}{n}, 2, 'changes nothing';
is get('owner1', '/v1/data/demo.once?fileId=3')->{status}, 404, 'no third version';

$r = $send->($delete, 'DELETE');
is $r->{status}, 204, 'deleted';
is $r->{content} || '', '', 'no body';
is get('owner1', '/v1/data/demo.once')->{status}, 404, 'it is gone';
is $send->($second, 'POST', '{"n":2}')->{status}, 201, 'a repeat from before';
is get('owner1', '/v1/data/demo.once')->{status}, 404, 'brings nothing back';

is post('owner1', '/v1/data/demo.once', '{"n":4}')->{status}, 201, 'stored anew';
is $send->($delete, 'DELETE')->{status}, 204, 'the deletion, once more';
is get('owner1', '/v1/data/demo.once')->{json}{data}{n}, 4, 'deletes nothing';

is ask('owner1', 'DELETE', '/v1/data/demo.nothing')->{status}, 204, 'none there';
is ask('app1', 'DELETE', '/v1/data/demo.once')->{status}, 401, 'not by others';
is http('DELETE', '/v1/data/demo.once')->{status}, 401, 'not without a header';
is get('owner1', '/v1/data/demo.once')->{json}{data}{n}, 4, 'still there';

is_deeply [ all_files(owner_dir('owner1') . '/tmp') ], [], 'nothing is left';


=== TEST 19: lists
--- config eval
mkdir main::state_dir() . '/lists';
main::config(pserver_store => main::state_dir() . '/lists')
--- script
my $r = get('owner1', '/v1/data');
is $r->{status}, 200, 'nothing yet';
is $r->{content}, '{"scopes":[],"total":0,"limit":20,"offset":0}', 'empty';

my (%at, $n);

for (qw( demo.b demo.a other.x demo.b demo.b )) {
    # the same signed text would be a repeat
    $at{$_} = post('owner1', "/v1/data/$_", '{"n":' . $n++ . '}')
        ->{json}{collectedAt};
}

post('owner2', '/v1/data/demo.theirs', '{}');

my $item = sub {
    my ($scope, $versions) = @_;

    return { scope => $scope, latestCollectedAt => $at{$scope},
        versionCount => $versions, dataStatus => 'ready',
        sizeBytes => 7 };
};

is_deeply get('owner1', '/v1/data')->{json}, { scopes => [
    $item->('demo.a', 1), $item->('demo.b', 3), $item->('other.x', 1) ],
    total => 3, limit => 20, offset => 0 }, 'in order';

is_deeply get('owner1', '/v1/data?scopePrefix=demo.&limit=1&offset=1')->{json},
    { scopes => [ $item->('demo.b', 3) ], total => 2, limit => 1, offset => 1 },
    'a page of some';

is_deeply get('owner1', '/v1/data?offset=3')->{json}{scopes}, [], 'behind';

is get('owner1', "/v1/data?$_")->{json}{error}, 'INVALID_PAGE', $_
    for qw( limit=0 limit=x limit=-1 offset=x );

$r = get('owner1', '/v1/data/demo.b/versions?limit=2');
is $r->{status}, 200, 'versions';
is $r->{json}{total}, 3, 'total';
is_deeply [ map { $_->{fileId} } @{ $r->{json}{versions} } ], [ 3, 2 ], 'a page';
is $r->{json}{versions}[0]{collectedAt}, $at{'demo.b'}, 'time';
is $r->{headers}{'cache-control'}, 'private, no-store', 'no-store';

is_deeply get('owner1', '/v1/data/demo.none/versions')->{json},
    { scope => 'demo.none', versions => [], total => 0, limit => 20, offset => 0 },
    'of nothing';

is get('owner1', '/v1/data/Bad.scope/versions')->{status}, 400, 'a bad scope';
is http('GET', '/v1/data/Bad.scope/versions')->{status}, 401, 'auth comes first';
is http('GET', '/v1/data')->{status}, 401, 'not without a header';

$r = get('app1', '/v1/data');
is $r->{status}, 403, 'not to an app';
is $r->{json}{error}{errorCode}, 'GRANT_REQUIRED', 'code';
is get('app1', '/v1/data/demo.b/versions')->{json}{error}{errorCode},
    'GRANT_REQUIRED', 'nor versions';

is ask('owner1', 'DELETE', '/v1/data/demo.b')->{status}, 204, 'deleted';
is_deeply [ map { $_->{scope} } @{ get('owner1', '/v1/data')->{json}{scopes} } ],
    [ 'demo.a', 'other.x' ], 'not listed any more';


=== TEST 20: what does not open is left out, and said in the log
--- config eval
main::config(pserver_store => main::state_dir() . '/lists')
--- error_log
1 sealed files of the store do not open
--- script
my ($one) = glob owner_dir_in('lists', 'owner1') . '/objects/*/00000001';

open my $file, '+<:raw', $one or die;
seek $file, 300, 0;
print $file "x" x 8;
close $file;

is scalar @{ get('owner1', '/v1/data')->{json}{scopes} }, 1, 'the other one';


=== TEST 21: over HTTP/2
--- http_config eval
main::http_config(more => 'server { listen ' . main::port(8) . " http2;\n"
    . main::sized('8m', '8k') . '}')
--- config eval: main::config()
--- script
my $tmp = state_dir() . '/body';

for my $n (10, 5000, 200000, 2000000) {
    my $body = noise($n);

    open my $out, '>:raw', $tmp or die;
    print $out $body;
    close $out;

    my $auth = auth('owner1', 'POST', '/v1/data/demo.two', $body);
    my $url = 'http://127.0.0.1:' . port(8) . '/v1/data/demo.two';

    is qx(curl -s -o /dev/null -w '%{http_version} %{http_code}' --http2-prior-knowledge -H 'Authorization: $auth' -H 'Content-Type: x/y' --data-binary \@$tmp $url),
        '2 201', "stored $n";

    $auth = auth('owner1', 'GET', '/v1/data/demo.two');

    my $got = qx(curl -s --http2-prior-knowledge -H 'Authorization: $auth' '$url?content=raw');
    ok $got eq $body, "read $n";
}

unlink $tmp;
is_deeply [ found(substr noise(2000000), 1000, 32) ], [], 'not on the disk';


=== TEST 22: data leaves the reserve of the disk alone
--- config eval
main::config(pserver_store => main::small_disk(),
    pserver_store_reserve => '300k')
--- error_log
no space left in the store
--- script
my $small = small_disk();
my $free = sub { (split ' ', qx(df -B1 --output=avail $small))[1] };
my $type = { 'Content-Type' => 'x/y' };

is ask('owner1', 'DELETE', '/v1/data/demo.small')->{status}, 204, 'empty';
is post('owner1', '/v1/data/demo.small', noise(500000), $type)->{status},
    201, 'there is room';

my $before = $free->();
my $r = post('owner1', '/v1/data/demo.small', noise(300000), $type);

is $r->{status}, 507, 'there is none but the reserve';
is $r->{json}{error}, 'INSUFFICIENT_STORAGE', 'code';

# no length is announced

my @pieces = map { substr noise(300000), $_ * 100000, 100000 } 0 .. 2;

$r = http('POST', '/v1/data/demo.small',
    { Authorization => auth('owner1', 'POST', '/v1/data/demo.small',
        noise(300000)), %$type }, sub { shift @pieces });

is $r->{status}, 507, 'nor for what only shows that it is as large';
cmp_ok $free->(), '>=', $before - 65536, 'nothing of them is left';
cmp_ok $free->(), '>=', 300 * 1024, 'the reserve is there';

ok get('owner1', '/v1/data/demo.small?content=raw')->{content}
    eq noise(500000), 'reading goes on';

# with a body, so that it is no repeat of the deletion before
is ask('owner1', 'DELETE', '/v1/data/demo.small', '{}')->{status}, 204,
    'so does this';
is post('owner1', '/v1/data/demo.small', noise(300000), $type)->{status},
    201, 'and then there is room again';
