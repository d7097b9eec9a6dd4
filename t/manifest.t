# The manifest: what an owner has, and what of it a disk does not give back.
# And the quota, which counts by it.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Store;

use IPC::Open2;

sub folder { owner_dir($_[0] || 'owner1') }
sub manifest { folder(@_) . '/manifest' }

sub put {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die $!;
}

# the folder of an object: the one that comes with this post

sub folder_of {
    my ($scope, $body, $wallet) = @_;
    my %before = map { $_ => 1 } glob folder($wallet) . '/objects/*';

    is(post($wallet || 'owner1', "/v1/data/$scope", $body)->{status}, 201,
        "$scope is stored");

    return (grep { !$before{$_} } glob folder($wallet) . '/objects/*')[0];
}

sub remove {
    my ($wallet, $scope) = @_;
    my $uri = "/v1/data/$scope";

    return http('DELETE', $uri, { Authorization =>
        auth($wallet, 'DELETE', $uri, undef, nonce => '' . rand) });
}

# of each worker, as far as luck goes

sub each_status {
    my ($wallet, $uri) = @_;
    my %seen;

    $seen{ get($wallet, $uri)->{status} }++ for 1 .. 12;

    return join ' ', sort keys %seen;
}

# the document's opener, which knows nothing of this code

sub opener {
    my ($command, $wallet, $in, @args) = @_;

    my $pid = open2(my $out, my $to, 'python3',
        root_dir() . '/t/vectors/sealed.py', $command,
        state_dir() . '/root', 31337, folder($wallet), @args);

    print $to $in if defined $in;
    close $to;
    my $text = do { local $/; <$out> };
    waitpid $pid, 0;

    is($?, 0, "$command by the document");
    return $text ? JSON::PP::decode_json($text) : undef;
}

# what the log has of owners, as t/lib/audit.mjs opens it

sub logged {
    my $state = state_dir();
    my $text = qx(node @{[ root_dir() ]}/t/lib/audit.mjs $state/log $state/store $state/root);

    is($?, 0, 'the log verifies');
    return [ grep { $_->{of} } @{ JSON::PP::decode_json($text)->{opened} } ];
}

# who is served: two owners more than elsewhere

sub served {
    return config(pserver_owner => [ map { wallet($_)->{address} }
        qw( owner1 owner2 owner3 stranger ) ], @_);
}

run_tests();

__DATA__

=== TEST 1: the document's opener finds what is there
--- script
for my $n (1 .. 3) {
    is(post('owner1', '/v1/data/demo.one', qq({"n":$n}))->{status}, 201, $n);
}

post('owner1', '/v1/data/demo.large', 'x' x 200000, { 'Content-Type' => 'a/b' });
post('owner1', '/v1/data/demo.gone', '{}');
is(remove('owner1', 'demo.gone')->{status}, 204, 'deleted');

my $found = opener('read', 'owner1');

is($found->{counter}, 7, 'a base, five puts, a deletion');
is(join(' ', map { "$_->{scope}/$_->{number}" } sort {
    $a->{scope} cmp $b->{scope} || $a->{number} <=> $b->{number} }
    @{ $found->{versions} }),
    'demo.large/1 demo.one/1 demo.one/2 demo.one/3', 'what is there');
is(join(' ', sort map { $_->{recorded} } @{ $found->{versions} }),
    '2 3 4 5', 'each says by which record');

# the log has it with what came next: a read, a change that is made after it

my $head = sub {
    my $found = opener('read', 'owner1');
    return sprintf('%016x', $found->{counter}) . $found->{digest};
};
my $logged = sub { map { "$_->{action} $_->{manifest}" } @{ logged() } };

my $before = $head->();
is(get('owner1', '/v1/data/demo.one')->{status}, 200, 'read');
is(post('owner1', '/v1/data/demo.one', '{"n":4}')->{status}, 201, 'stored');
is_deeply([ ($logged->())[-2, -1] ], [ "read $before", "write $before" ],
    'the log says from which state');
$before = $head->();
is(remove('owner1', 'demo.large')->{status}, 204, 'deleted');
is(($logged->())[-1], "delete $before", 'and the next one from the next');


=== TEST 2: a version that was taken away is no older version
--- error_log
a version is gone from the store that the manifest has
--- script
my $dir = folder_of('demo.two', '{"n":1}');
is(post('owner1', '/v1/data/demo.two', '{"n":2}')->{status}, 201, 'second');

rename "$dir/00000002", folder() . '/kept' or die $!;

is(each_status('owner1', '/v1/data/demo.two'), '500', 'not the one before');
is(get('owner1', '/v1/data/demo.two')->{json}{error}, 'DECRYPTION_ERROR',
    'code');
is(get('owner1', '/v1/data/demo.two?fileId=1')->{status}, 200,
    'which can be asked for');
is(get('owner1', '/v1/data/demo.two?at=2001-01-01T00:00:00Z')->{status}, 500,
    'nor is it looked past');

rename "$dir", "$dir.away" or die $!;
is(each_status('owner1', '/v1/data/demo.two'), '500', 'the whole object');
is(get('owner1', '/v1/data/demo.none')->{status}, 404, 'unlike one that '
    . 'never was');
rename "$dir.away", "$dir" or die $!;

# one that nobody recorded is not there

rename folder() . '/kept', "$dir/00000002" or die $!;
system('cp', "$dir/00000002", "$dir/00000003");
is(each_status('owner1', '/v1/data/demo.two'), '200', 'back again');
is(get('owner1', '/v1/data/demo.two?fileId=3')->{status}, 404, 'no third');
is(get('owner1', '/v1/data/demo.two/versions')->{json}{total}, 2, 'two');
is(post('owner1', '/v1/data/demo.two', '{"n":4}')->{status}, 201, 'another');
like(get('owner1', '/v1/data/demo.two')->{content}, qr/"n":4/, 'is the latest');
is(get('owner1', '/v1/data/demo.two/versions')->{json}{total}, 3, 'three');


=== TEST 3: an older version under the same number
--- error_log
a version in the store is not the one that the manifest has
--- script
my $dir = folder_of('demo.three', '{"n":"old"}');
my $old = slurp("$dir/00000001");

is(remove('owner1', 'demo.three')->{status}, 204, 'deleted');
is(post('owner1', '/v1/data/demo.three', '{"n":"new"}')->{status}, 201, 'new');

my $new = slurp("$dir/00000001");
put("$dir/00000001", $old);

is(each_status('owner1', '/v1/data/demo.three'), '500', 'the deleted one');
is(each_status('owner1', '/v1/data/demo.three?fileId=1'), '500', 'by number');

put("$dir/00000001", $new);
is(each_status('owner1', '/v1/data/demo.three'), '200', 'the right one');

is(remove('owner1', 'demo.three')->{status}, 204, 'deleted');
mkdir $dir or die $!;
put("$dir/00000001", $new);
is(each_status('owner1', '/v1/data/demo.three'), '404', 'gone is gone');


=== TEST 4: an object in the place of another
--- error_log
a sealed file of the store does not open
--- script
my $one = folder_of('demo.four', '{"n":1}');
my $two = folder_of('demo.five', '{"n":2}');
my $kept = slurp("$one/00000001");

put("$one/00000001", slurp("$two/00000001"));
is(each_status('owner1', '/v1/data/demo.four'), '500', 'of another scope');

my $other = folder_of('demo.four', '{"n":1}', 'owner2');
put("$one/00000001", slurp("$other/00000001"));
is(each_status('owner1', '/v1/data/demo.four'), '500', 'of another owner');

put("$one/00000001", $kept);
is(each_status('owner1', '/v1/data/demo.four'), '200', 'its own');

my $before = slurp(manifest());
put(manifest(), slurp(manifest('owner2')));
is(each_status('owner1', '/v1/data/demo.four'), '500', 'another\'s manifest');
put(manifest(), $before);
is(each_status('owner1', '/v1/data/demo.four'), '200', 'the own one');


=== TEST 5: an older manifest
--- error_log
the manifest of the owner is older than it was, or gone
--- script
my $uri = '/v1/data/demo.six';
is(post('owner1', $uri, '{"n":1}')->{status}, 201, 'first');
my $old = slurp(manifest());
is(post('owner1', $uri, '{"n":2}')->{status}, 201, 'second');
my $new = slurp(manifest());

is(length $new, 152 + length $old, 'a record more');

for my $as ([ 'written over', sub { put(manifest(), $_[0]) } ],
            [ 'another file', sub { put(manifest() . '.x', $_[0]);
                rename manifest() . '.x', manifest() or die $! } ])
{
    my ($how, $do) = @$as;

    $do->($old);
    is(each_status('owner1', $uri), '500', "older, $how");
    is(post('owner1', $uri, '{"n":3}')->{status}, 500, 'no change');
    is(remove('owner1', 'demo.six')->{status}, 500, 'no deletion');
    is(get('owner1', '/v1/data')->{status}, 500, 'no list');
    is(get('owner1', "$uri/versions")->{status}, 500, 'nor of versions');

    unlink manifest() or die $!;
    is(each_status('owner1', $uri), '500', 'none at all');
    is(post('owner1', $uri, '{"n":3}')->{status}, 500, 'no change');
    ok(! -e manifest(), 'nor is a new one made');

    $do->($new);
    is(each_status('owner1', $uri), '200', 'the right one');
}

is(get('owner2', '/v1/data/demo.four')->{status}, 200, 'another owner');
$V{old} = $old;


=== TEST 6: a manifest that was changed
--- error_log
the manifest of the owner does not open
--- script
my $uri = '/v1/data/demo.six';
my $right = slurp(manifest());
my $n = length $right;

for my $at (0, 15, 16, 167, 168, 400, $n - 153) {
    my $bytes = $right;
    substr($bytes, $at, 1) ^= "\x01";
    put(manifest(), $bytes);
    is(get('owner1', $uri)->{status}, 500, "a bit of byte $at");
}

my $swapped = substr($right, 0, 168) . substr($right, 320, 152)
    . substr($right, 168, 152) . substr($right, 472);
put(manifest(), $swapped);
is(get('owner1', $uri)->{status}, 500, 'two records exchanged');

# who has read it before reads no more than what comes behind

put(manifest(), $right);
is(each_status('owner1', $uri), '200', 'as this nginx has seen it');

# what is missing at the end is an older manifest; in the middle it is none

for my $cut (1, 151, 153, 304, $n - 17, $n) {
    put(manifest(), substr $right, 0, $n - $cut);
    is(get('owner1', $uri)->{status}, 500, "without $cut bytes");
}

unlink manifest();
symlink manifest('owner2'), manifest() or die $!;
is(get('owner1', $uri)->{status}, 500, 'a link');
unlink manifest();
mkdir manifest() or die $!;
is(get('owner1', $uri)->{status}, 500, 'a folder');
rmdir manifest();

put(manifest(), $right);
is(each_status('owner1', $uri), '200', 'the right one');

# of a record that a crash has left, nothing stays

for my $torn ("\0", "\0" x 151, "\0" x 152) {
    put(manifest(), $right . $torn);
    is(each_status('owner1', $uri), '200', length($torn) . ' bytes more');
    is(post('owner1', $uri, '{"torn":' . length($torn) . '}')->{status}, 201,
        'a post');
    $right = slurp(manifest());
    is((length($right) - 16) % 152, 0, 'whole records');
    is(each_status('owner1', $uri), '200', 'the next one');
}

opener('read', 'owner1');


=== TEST 7: most of it dead, it is written anew; every worker follows
--- config eval
main::served()
--- script
my $uri = '/v1/data/demo.often';
my $counter = opener('read', 'owner1')->{counter};
my $size = -s manifest();
my $largest = 0;

for my $n (1 .. 45) {
    is(post('owner1', $uri, qq({"n":$n}))->{status}, 201, 'stored')
        if $n % 9 == 0;
    post('owner1', $uri, qq({"n":$n})) if $n % 9;
    is(remove('owner1', 'demo.often')->{status}, 204, 'deleted')
        if $n % 9 == 0;
    remove('owner1', 'demo.often') if $n % 9;
    $largest = -s manifest() if -s manifest() > $largest;
}

is(post('owner1', $uri, '{"n":"last"}')->{status}, 201, 'stored');
is(each_status('owner1', $uri), '200', 'there');
is(each_status('owner1', '/v1/data/demo.six'), '200', 'and what was before');

my $found = opener('read', 'owner1');
my $live = @{ $found->{versions} };

cmp_ok($largest, '<=', 16 + 152 * (2 * ($live + 2) + 66), 'it never was large');
cmp_ok(-s manifest(), '<', $largest, 'and is smaller now');
cmp_ok($found->{counter}, '>=', $counter + 91, 'the counter has gone on');
ok(! -e manifest() . '.new', 'nothing is left');

# for the next one
is(remove('owner3', 'demo.any')->{status}, 204, 'an owner without data');


=== TEST 8: a nginx that knows nothing yet
--- config eval
main::served(pserver_max_lifetime => '3599s')
--- error_log
the manifest of the owner is older than it was, or gone
had no manifest: made from 2 objects, 2 versions, of which 1 do not open
--- script
my $right = slurp(manifest());

# objects that were in a manifest: it is not made anew

unlink manifest() or die $!;
is(each_status('owner1', '/v1/data/demo.six'), '500', 'gone is not new');
is(post('owner1', '/v1/data/demo.six', '{}')->{status}, 500, 'for a post, too');
put(manifest(), $right);
is(each_status('owner1', '/v1/data/demo.six'), '200', 'the right one');

# a store from before there were manifests: owner3 has posted nothing

unlink manifest('owner3') or die $!;

opener('write', 'owner3', '{"old":1}', 'demo.old');
my ($old) = glob folder('owner3') . '/objects/*';
opener('write', 'owner3', '{"old":2}', 'demo.broken');
my ($broken) = grep { $_ ne $old } glob folder('owner3') . '/objects/*';

my $kept = slurp("$broken/00000001");
put("$broken/00000001", $kept ^ ("\0" x 300) . "\1");

is(each_status('owner3', '/v1/data/demo.old'), '200', 'it is read');
like(get('owner3', '/v1/data/demo.old')->{content}, qr/"data":\{"old":1\}/,
    'what it had');
is(get('owner3', '/v1/data/demo.broken')->{status}, 500, 'an error is one');
is(post('owner3', '/v1/data/demo.old', '{"new":1}')->{status}, 201, 'a post');
is(get('owner3', '/v1/data/demo.old/versions')->{json}{total}, 2, 'two');
is(remove('owner3', 'demo.broken')->{status}, 204, 'deleted');

my $found = opener('read', 'owner3');
is(join(' ', map { $_->{recorded} } sort { $a->{number} <=> $b->{number} }
    @{ $found->{versions} }), '0 4', 'and the manifest has them');


=== TEST 9: a quota
--- config eval
main::served(pserver_quota => '20000')
--- script
my $type = { 'Content-Type' => 'a/b' };
my $sealed = sub { 4096 + 16 + shift };
my $send = sub { post('stranger', "/v1/data/demo.$_[0]", 'x' x $_[1], $type) };

is($send->('a', 5000)->{status}, 201, 'there is room');

my $left = 20000 - $sealed->(5000);
my $r = $send->('b', $left - $sealed->(0) + 1);
is($r->{status}, 507, 'a byte too much');
is($r->{json}{error}, 'QUOTA_EXCEEDED', 'code');
is($r->{json}{message}, "the owner's quota does not allow that much", 'text');
is(get('stranger', '/v1/data/demo.b')->{status}, 404, 'it is not there');

is($send->('b', $left - $sealed->(0))->{status}, 201, 'just enough');
is($send->('a', 0)->{status}, 507, 'nothing more, of any length');
is(post('owner1', '/v1/data/demo.small', '{}')->{status}, 507,
    'nor for who has more than that by now');
is(get('owner1', '/v1/data/demo.six')->{status}, 200, 'reading goes on');

# a body without a length shows what it is as it comes

my @pieces = map { 'y' x 150000 } 1 .. 4;
$r = http('POST', '/v1/data/demo.c', { Authorization => auth('stranger', 'POST',
    '/v1/data/demo.c', join '', @pieces), %$type }, sub { shift @pieces });
is($r->{status}, 507, 'without a length');

is(remove('stranger', 'demo.a')->{status}, 204, 'a deletion makes room');
is($send->('c', 5000)->{status}, 201, 'and it is taken');
is($send->('d', 1)->{status}, 507, 'again full');

my $used = 0;
$used += -s for glob folder('stranger') . '/objects/*/*';
is($used, 20000, 'to the byte');


=== TEST 10: many at once never have more
--- config eval
main::served(pserver_quota => '50k')
--- script
is(remove('stranger', "demo.$_")->{status}, 204, $_) for qw( b c );

my $body = 'x' x 5000;
my @posts = map {
    my $uri = "/v1/data/demo.many_$_";
    [ $uri, auth('stranger', 'POST', $uri, $body) ];
} 1 .. 12;

my @pipes = map {
    my ($uri, $authorization) = @$_;

    open my $from, '-|' or do {
        print http('POST', $uri, { Authorization => $authorization,
            'Content-Type' => 'a/b' }, $body)->{status};
        require POSIX;
        close STDOUT;
        POSIX::_exit(0);
    };
    $from;
} @posts;

my %answers;
$answers{<$_>}++ for @pipes;

is($answers{201}, int(50 * 1024 / 9112), 'as many as there is room for');
is($answers{507}, 12 - $answers{201}, 'and no more');


=== TEST 11: no quota in a location
--- config eval
main::served(pserver_quota => '1k', more => '
        location /v1/data/demo.free { pserver data; pserver_quota off; }
')
--- script
is(post('stranger', '/v1/data/demo.bound', '{}')->{status}, 507, 'bound');
is(post('stranger', '/v1/data/demo.free', '{}')->{status}, 201, 'free');


=== TEST 12: a size
--- config eval
main::served(pserver_quota => 'much')
--- must_die
--- error_log
"pserver_quota" directive invalid value
