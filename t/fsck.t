# pserverctl fsck: what it finds in a store that is not whole, what it moves,
# and that it finds nothing beside an nginx that goes on.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Store;

sub fsck {
    my $text = join ' ', map { "'$_'" } root_dir() . '/build/bin/pserverctl',
        'fsck', '--root', state_dir() . '/root', '--chain', 31337, @_,
        state_dir() . '/store';

    my @lines = map { chomp; s{^owners/[0-9a-f]{40}/}{}r } qx($text 2>&1);
    my $summary = pop @lines;

    return ($? >> 8, \@lines, $summary);
}

sub put {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die $!;
}

# the folder of an object, from the owner's on

sub object {
    my ($scope, @bodies) = @_;
    my $dir = owner_dir('owner1');
    my %before = map { $_ => 1 } glob "$dir/objects/*";

    is(post('owner1', "/v1/data/$scope", $_)->{status}, 201, $scope)
        for @bodies;

    return map { s{^\Q$dir\E/}{}r } grep { !$before{$_} } glob "$dir/objects/*";
}

# what is done to a file, what is said of it, and all as it was

sub found {
    my ($what, $path, $do, $reason) = @_;
    my $file = owner_dir('owner1') . "/$path";
    my $kept = -f $file ? slurp($file) : undef;

    $do->($file, $kept);
    my ($status, $lines) = fsck();

    is_deeply($lines, [ map { "$path: $_" } $reason ], $what);
    is($status, 4, 'and the status says so');

    unlink $file;
    put($file, $kept) if defined $kept;
}

run_tests();

__DATA__

=== TEST 1: a store that is whole
--- script
my ($one) = object('demo.one', '{"n":1}', '{"n":2}');
my ($large) = object('demo.large', '{"n":"' . 'x' x 200000 . '"}');
my ($gone) = object('demo.gone', '{}');
my $uri = '/v1/data/demo.gone';
is(http('DELETE', $uri, { Authorization => auth('owner1', 'DELETE', $uri) })
    ->{status}, 204, 'deleted');
is(post('owner2', '/v1/data/demo.other', '{}')->{status}, 201, 'of another');

my ($status, $lines, $summary) = fsck();
is($status, 0, 'status');
is_deeply($lines, [], 'nothing to say');
like($summary, qr/^2 owners, 6 files, \d+ bytes; 0 found, 0 moved$/, 'sum');
like((fsck('--owner', wallet('owner2')->{address}))[2], qr/^1 owners, 2 files/,
    'one of them');

@V{qw( one large gone )} = ($one, $large, $gone);


=== TEST 2: what it finds
--- script
my ($one, $large, $gone) = @V{qw( one large gone )};
my $dir = owner_dir('owner1');

my $flip = sub {
    my $at = shift;
    return sub {
        my ($file, $bytes) = @_;
        substr($bytes, $at, 1) ^= "\1";
        put($file, $bytes);
    };
};

found('a bit of the header', "$one/00000001", $flip->(70), 'does not open');
found('of a chunk', "$one/00000001", $flip->(4100),
    'a part of it does not open');
found('of the second chunk', "$large/00000001", $flip->(4096 + 65552 + 9),
    'a part of it does not open');
found('a byte less', "$large/00000001", sub { truncate $_[0],
    length($_[1]) - 1 }, 'does not open');
found('the latest is gone', "$one/00000002", sub { unlink $_[0] },
    'is gone, and the manifest has it');
found('another version', "$one/00000002", sub {
    put($_[0], slurp("$dir/$one/00000001")) }, 'does not open');
found('a link', "$one/00000002", sub { unlink $_[0];
    symlink '00000001', $_[0] }, 'is a symbolic link');
found('one that was put there', "$one/00000003", sub {
    put($_[0], slurp("$dir/$one/00000002")) }, 'does not open');
found('a name', "$one/00000003.bak", sub { put($_[0], 'x') },
    'is not the name of a version');
found('a folder', 'objects/x', sub { put($_[0], 'x') },
    'is not the folder of an object');

# under the same number, of before a deletion

my ($back) = object('demo.back', '{"n":1}');
my $old = slurp("$dir/$back/00000001");
my $uri = '/v1/data/demo.back';
is(http('DELETE', $uri, { Authorization => auth('owner1', 'DELETE', $uri) })
    ->{status}, 204, 'deleted');
mkdir "$dir/$back" or die $!;
found('a deleted one', "$back/00000001", sub { put($_[0], $old) },
    'is not in the manifest: left by a crash, or put there');
is(post('owner1', $uri, '{"n":2}')->{status}, 201, 'posted again');
found('the old one', "$back/00000001", sub { put($_[0], $old) },
    'is not the version that the manifest has');

# the manifest, and keys

found('a bit of the manifest', 'manifest', $flip->(200), 'does not open');
found('keys', 'owner.key', $flip->(100), 'does not open');
found('no keys', 'owner.key', sub { unlink $_[0] },
    'is gone: nothing of this owner can be opened');

my $manifest = slurp("$dir/manifest");
put("$dir/manifest", substr $manifest, 0, -152);
my ($status, $lines) = fsck();
is_deeply($lines,
    [ "$back/00000001: the manifest is older than this version, or gone" ],
    'an older manifest');
unlink "$dir/manifest";
($status, $lines) = fsck('--quarantine');
is(scalar(grep { /: the manifest is older than this version, or gone$/ }
    @$lines), 4, 'none: each version says so');
is($status, 4, 'and none of them is moved');
put("$dir/manifest", $manifest);

# markers, temporary files

my ($marker) = glob "$dir/seen/0*";
my $text = readlink $marker;
my $name = $marker =~ s{.*/}{}r;
unlink $marker;
symlink 'x' . substr($text, 1), $marker;
($status, $lines) = fsck();
is_deeply($lines, [ "seen/$name: is no marker that opens" ], 'a marker');
unlink $marker;
my ($other) = glob "$dir/seen/0*";
symlink readlink $other, $marker;
($status, $lines) = fsck();
is_deeply($lines, [ "seen/$name: is the marker of another request" ],
    'of another');
unlink $marker;
symlink $text, $marker;

put("$dir/tmp/.0123", 'x');
is((fsck())[0], 0, 'a temporary file is none of ours');
utime time - 90000, time - 90000, "$dir/tmp/.0123";
($status, $lines) = fsck();
is_deeply($lines, [ 'tmp/.0123: is temporary, and a day old' ], 'later it is');
unlink "$dir/tmp/.0123";

mkdir state_dir() . '/store/owners/x';
($status, $lines) = fsck();
is_deeply($lines, [ 'owners/x: not the folder of an owner' ], 'a folder');
rmdir state_dir() . '/store/owners/x';

is((fsck())[0], 0, 'all as it was');


=== TEST 3: quarantine
--- script
my ($one, $large) = @V{qw( one large )};
my $dir = owner_dir('owner1');
my $away = $dir =~ s{/owners/}{/quarantine/owners/}r;

my $bytes = slurp("$dir/$large/00000001");
substr($bytes, 5000, 1) ^= "\1";
put("$dir/$large/00000001", $bytes);
put("$dir/$one/00000003", 'left');

my ($status, $lines, $summary) = fsck('--quarantine');

is($status, 1, 'all is moved');
is_deeply([ sort @$lines ], [ sort
    "$large/00000001: a part of it does not open (moved)",
    "$one/00000003: does not open (moved)" ], 'and said');
like($summary, qr/; 2 found, 2 moved$/, 'sum');
ok(slurp("$away/$large/00000001") eq $bytes, 'as it was');
is(slurp("$away/$one/00000003"), 'left', 'and the other');
is(get('owner1', '/v1/data/demo.large')->{status}, 500, 'not served');
is(get('owner1', '/v1/data/demo.one')->{status}, 200, 'what is whole is');

($status, $lines) = fsck('--quarantine');
is($status, 4, 'what is gone stays so');
is_deeply($lines, [ "$large/00000001: is gone, and the manifest has it" ],
    'and is said');

# a second one of the same name

put("$dir/$one/00000003", 'again');
($status) = fsck('--quarantine');
is($status, 5, 'one moved, one left');
is(slurp("$away/$one/00000003"), 'left', 'the first stays');
is(slurp("$away/$one/00000003.1"), 'again', 'beside it');

# put back from a backup

substr($bytes, 5000, 1) ^= "\1";
put("$dir/$large/00000001", $bytes);
is((fsck())[0], 0, 'whole again');
is(get('owner1', '/v1/data/demo.large')->{status}, 200, 'and served');


=== TEST 4: beside an nginx that goes on
--- script
my $n = 0;
my @requests = map {
    my $uri = '/v1/data/demo.live' . $_ % 3;
    my $body = qq({"n":$_});
    $_ % 7 == 6
        ? [ 'DELETE', $uri, auth('owner1', 'DELETE', $uri, undef,
            nonce => "$_") ]
        : [ 'POST', $uri, auth('owner1', 'POST', $uri, $body), $body ];
} 1 .. 60;

my $pid = fork;

if ($pid == 0) {
    for (@requests) {
        my ($method, $uri, $authorization, $body) = @$_;
        http($method, $uri, { Authorization => $authorization, defined $body
            ? ('Content-Type' => 'application/json') : () }, $body);
    }
    require POSIX;
    POSIX::_exit(0);
}

my @bad;

do {
    my ($status, $lines) = fsck();
    push @bad, @$lines if $status;
    $n++;
} while (waitpid($pid, 1) == 0);

is_deeply(\@bad, [], "nothing is found, $n times");
is((fsck())[0], 0, 'nor afterwards');


=== TEST 5: against the log
--- script
my $dir = owner_dir('owner1');
my @log = ('--log', state_dir() . '/log');
my $uri = '/v1/data/demo.log';

is(post('owner1', $uri, '{"n":1}')->{status}, 201, 'stored');
my $old = slurp("$dir/manifest");
is(post('owner1', $uri, '{"n":2}')->{status}, 201, 'and again');
my $new = slurp("$dir/manifest");
is(post('owner1', $uri, '{"n":3}')->{status}, 201, 'and again');
my $last = slurp("$dir/manifest");

is((fsck(@log))[0], 0, 'as the log has it');

# the versions are of that time as well

my ($object) = grep { -e "$_/00000003" && !-e "$_/00000004" }
    sort { -M $a <=> -M $b } glob "$dir/objects/*";

my @away = map { [ "$object/0000000$_", slurp("$object/0000000$_") ] } 2, 3;

unlink map { $_->[0] } @away;
put("$dir/manifest", $old);
is((fsck())[0], 0, 'all of an earlier time: alone it does not show');
is_deeply((fsck(@log))[1], [ 'manifest: is older than the log says, or gone' ],
    'the log knows');

# the last change is bound by the next entry

put(@{ $away[0] });
put("$dir/manifest", $new);
is((fsck(@log))[0], 0, 'but not of the last change');
is(get('owner2', '/v1/data/demo.other')->{status}, 200, 'another owner');

put(@$_) for @away;
put("$dir/manifest", $last);
is((fsck(@log))[0], 0, 'as it was');
is((fsck('--log', state_dir()))[0], 1, 'no log');


=== TEST 6: what it can't do
--- script
my $ctl = root_dir() . '/build/bin/pserverctl';
my $state = state_dir();

is(system("$ctl fsck $state/store 2>/dev/null") >> 8, 2, 'no root');
is(system("$ctl fsck --root $state/root --chain x $state/store 2>/dev/null")
    >> 8, 2, 'no chain');
is(system("$ctl fsck --root $state/identity --chain 1 $state/store 2>/dev/null")
    >> 8, 1, 'no roots');
is(system("$ctl fsck --root $state/root --chain 1 $state/none 2>/dev/null")
    >> 8, 8, 'no store');
is(system("$ctl fsck --root $state/root --chain 1 $state/store >/dev/null 2>&1")
    >> 8, 4, 'another chain: no key opens');
