# If-Match and If-None-Match of what changes an object.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Store;

sub post {
    my ($scope, $text, %headers) = @_;
    my $uri = "/v1/data/$scope";

    return http('POST', $uri, { 'Content-Type' => 'application/json',
        Authorization => web3signed('owner1', 'POST', $uri, $text),
        %headers }, $text);
}

# each is a request of its own, not a repeat within a second

my $nonce = 0;

sub remove {
    my ($scope, %headers) = @_;
    my $uri = "/v1/data/$scope";

    return http('DELETE', $uri, { Authorization => web3signed('owner1',
        'DELETE', $uri, undef, nonce => "$$-" . ++$nonce), %headers });
}

sub tag {
    my $uri = '/v1/data/' . shift;

    return http('GET', $uri, { Authorization =>
        web3signed('owner1', 'GET', $uri) })->{headers}{etag};
}

sub logged {
    my $uri = '/v1/access-logs';

    return http('GET', $uri, { Authorization =>
        web3signed('owner1', 'GET', $uri) })->{json}{total};
}

run_tests();

__DATA__

=== TEST 1: of a post
--- script
is(::post('cond.a', '{"n":1}', 'If-Match' => '*')->{status}, 412,
    'If-Match: * where there is none');
is(::post('cond.a', '{"n":2}', 'If-None-Match' => '*')->{status}, 201,
    'If-None-Match: * where there is none');
is(::post('cond.a', '{"n":3}', 'If-None-Match' => '*')->{status}, 412,
    'and where there is one');

my $tag = ::tag('cond.a');
my $other = '"' . '0' x 32 . '-e"';

my $r = ::post('cond.a', '{"n":4}', 'If-Match' => $other);
is($r->{status}, 412, 'another version');
is_deeply($r->{json}, { error => 'PRECONDITION_FAILED',
    message => 'the version that is there is another one' }, 'the answer');

is(::post('cond.a', '{"n":5}', 'If-Match' => "W/$tag")->{status}, 412,
    'a weak tag matches nothing');
is(::post('cond.a', '{"n":6}', 'If-None-Match' => "$other, W/$tag")
    ->{status}, 412, 'but it is there');
is(::post('cond.a', '{"n":7}', 'If-Match' => "$other, $tag")->{status}, 201,
    'that version');
isnt(::tag('cond.a'), $tag, 'is another now');
is(::post('cond.a', '{"n":8}', 'If-Match' => $tag)->{status}, 412,
    'the old one no more');
is(::post('cond.a', '{"n":9}', 'If-None-Match' => $tag)->{status}, 201,
    'unless it is the old one');

is(::post('cond.a', '{"n":10}', $_ => 'x')->{json}{error}, 'INVALID_HEADER',
    "$_: not a tag") for 'If-Match', 'If-None-Match';



=== TEST 2: what did not hold changes nothing, and its signature is not used up
--- script
my $before = ::logged();
my $uri = '/v1/data/cond.a';
my $text = '{"again":1}';
my %signed = ('Content-Type' => 'application/json',
    Authorization => web3signed('owner1', 'POST', $uri, $text));

is(http('POST', $uri, { %signed, 'If-None-Match' => '*' }, $text)->{status},
    412, 'refused');

is(http('POST', $uri, { %signed, 'If-Match' => '*' }, $text)->{status}, 201,
    'the same signature with another condition');
is(http('POST', $uri, { %signed, 'If-Match' => '"x"' }, $text)->{status}, 201,
    'a repeat is answered as the first was');

my $versions = http('GET', "$uri/versions", { Authorization =>
    web3signed('owner1', 'GET', "$uri/versions") })->{json}{total};
is($versions, 4, 'stored once');



=== TEST 3: of a deletion
--- script
my $tag = ::tag('cond.a');

is(::remove('cond.a', 'If-Match' => '"x"')->{status}, 412, 'another version');
is(::tag('cond.a'), $tag, 'is there');
is(::remove('cond.a', 'If-Match' => 'x')->{status}, 400, 'not a tag');
is(::remove('cond.a', 'If-Match' => $tag)->{status}, 204, 'that version');
is(::tag('cond.a'), undef, 'is gone');
is(::remove('cond.a', 'If-Match' => '*')->{status}, 412, 'there is none');
is(::remove('cond.a', 'If-None-Match' => '*')->{status}, 204, 'if none');



=== TEST 4: of many at a time one is the first
--- script
my $uri = '/v1/data/cond.race';
my @signed = map { web3signed('owner1', 'POST', $uri, qq({"n":$_})) } 0 .. 7;
my @children;

for my $n (0 .. 7) {
    my $pid = fork;

    if (!$pid) {
        my $status = http('POST', $uri, { Authorization => $signed[$n],
            'Content-Type' => 'application/json', 'If-None-Match' => '*' },
            qq({"n":$n}))->{status};
        require POSIX;
        POSIX::_exit($status == 201 ? 1 : $status == 412 ? 2 : 3);
    }

    push @children, $pid;
}

my %ended;
for (@children) { waitpid $_, 0; $ended{$? >> 8}++ }

is_deeply(\%ended, { 1 => 1, 2 => 7 }, 'one is stored, the others are told');
