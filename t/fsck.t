# pserverctl fsck: what it finds in a store that is not whole, what it moves,
# and that it finds nothing beside an nginx that goes on.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Store;

use File::Path qw( make_path );

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


=== TEST 6: beside the owners' folders
--- script
my $store = state_dir() . '/store';
my $owner = owner_dir('owner1') =~ s{.*/}{}r;
my $row = 'ab' x 32;
my $link = "../../owners/$owner/jobs/$row";
my $marker = '0' x 16 . "-$row";

# what a crash leaves, an hour ago and two days ago

my @made = ("jobs/ab/$row", 'lists/' . 'cd' x 32 . "/$marker",
    'keys/ef/' . 'ef' x 32, "leases/x/$row");

for my $path (@made) {
    make_path("$store/$path" =~ s{/[^/]*$}{}r);
    symlink $link, "$store/$path" or die $!;
}

is((fsck())[0], 0, 'it may be under way');
system('touch', '-h', '-d', '2 days ago', "$store/$_") for @made;

my ($status, $lines) = fsck();
is_deeply([ sort @$lines ], [ sort map { "$_: is orphaned: its operation is "
    . 'gone' } @made ], 'links to nothing');
is($status, 4, 'status');
is((fsck('--owner', wallet('owner1')->{address}))[0], 0, 'not of one owner');
is((fsck('--quarantine'))[0], 1, 'moved');
is(readlink "$store/quarantine/$_", $link, "$_ is kept") for @made;
is((fsck())[0], 0, 'nothing is left');

# links that are none

for my $wrong ([ "jobs/ab/$row", '/etc/passwd' ],
    [ "jobs/ab/$row", $link =~ s/ab$/ac/r ],
    [ 'lists/' . 'cd' x 32 . '/x', $link ],
    [ "leases/x/$row", "../../owners/../jobs/$row" ])
{
    symlink $wrong->[1], "$store/$wrong->[0]" or die $!;
    is_deeply((fsck())[1], [ "$wrong->[0]: is no link to an operation" ],
        "$wrong->[0] -> $wrong->[1]");
    unlink "$store/$wrong->[0]";
}

put("$store/jobs/xyz", '');
is_deeply((fsck())[1], [ 'jobs/xyz: has no place there' ], 'a file');
unlink "$store/jobs/xyz";

# the table of derivation indexes

my ($index) = grep { readlink eq $owner } glob "$store/index/*";
my $name = $index =~ s{.*/}{}r;
unlink $index;
is_deeply((fsck())[1], [ "index/$name: is gone: another owner could take it" ],
    'an entry is gone');
symlink '11' x 20, $index;
is_deeply((fsck('--quarantine'))[1],
    [ "index/$name: is not the index of the owner that it names" ],
    'or is of another');
unlink $index;
symlink $owner, $index;
is((fsck())[0], 0, 'as it was');

# what was fetched

my $dir = owner_dir('owner1');
my ($one) = glob "$dir/objects/*/00000001";
make_path("$dir/inputs");
put("$dir/inputs/" . 'cd' x 32, slurp($one));
is_deeply((fsck())[1], [ 'inputs/' . 'cd' x 32 . ': does not open' ],
    'an input that is another file');
is((fsck('--quarantine'))[0], 1, 'moved');
ok(-e "$dir/inputs/" . 'cd' x 32 ? 0 : 1, 'gone from there');
put("$dir/inputs/.tmp", 'x');
is((fsck())[0], 0, 'a temporary file');
utime time - 90000, time - 90000, "$dir/inputs/.tmp";
is_deeply((fsck())[1], [ 'inputs/.tmp: is temporary, and a day old' ],
    'of yesterday');
unlink "$dir/inputs/.tmp";

make_path("$store/incoming/" . '11' x 20);
is((fsck())[0], 0, 'an import');
utime time - 90000, time - 90000, "$store/incoming/" . '11' x 20;
is_deeply((fsck())[1], [ 'incoming/' . '11' x 20
    . ': is an import that was cut off, a day ago' ], 'of yesterday');
rmdir "$store/incoming/" . '11' x 20;


=== TEST 7: a manifest that is damaged is made anew
--- script
my $dir = owner_dir('owner1');
my $owner = $dir =~ s{.*/}{}r;
my $address = wallet('owner1')->{address};
my $away = state_dir() . "/store/quarantine/owners/$owner";
my @rebuild = ('--owner', $address, '--rebuild');

my $all = sub {
    my %all;
    for my $s (@{ get('owner1', '/v1/data?limit=100')->{json}{scopes} }) {
        my $uri = "/v1/data/$s->{scope}";
        $all{$uri} = [ $s->{versionCount}, get('owner1', $uri)->{content} ];
    }
    return \%all;
};

my ($gone) = object('demo.gone2', '{"n":1}');
my $back = slurp("$dir/$gone/00000001");
my $uri = '/v1/data/demo.gone2';
is(http('DELETE', $uri, { Authorization => auth('owner1', 'DELETE', $uri) })
    ->{status}, 204, 'deleted');
is(post('owner1', '/v1/data/demo.late', '{"late":1}')->{status}, 201, 'later');

my $before = $all->();
my $manifest = slurp("$dir/manifest");

is((fsck(@rebuild))[0], 0, 'one that is whole stays');
ok(slurp("$dir/manifest") eq $manifest, 'as it is');
is((fsck('--rebuild'))[0], 2, 'of no owner');

# a bit in the last record but two: what came later is found by its objects

my $bad = $manifest;
substr($bad, -3 * 152 + 50, 1) ^= "\1";
put("$dir/manifest", $bad);
is(get('owner2', '/v1/data/demo.other')->{status}, 200, 'others go on');
is((fsck('--owner', $address))[0], 4, 'it does not open');

# what was deleted before the damage is not there again; a version of it that
# somebody has put back is not taken for one

my ($status, $lines) = fsck(@rebuild);
is($status, 1, 'made anew');
like($lines->[0], qr/^manifest: does not open \(made anew: \d+ versions, \d+ of them it did not have; 0 that it had are gone\)$/, 'said')
    or diag(join "\n", @$lines);
is(scalar @$lines, 1, 'all else is whole');
ok(slurp("$away/manifest") eq $bad, 'the old one is kept');
is_deeply($all->(), $before, 'all is there, in a running nginx');
is(post('owner1', '/v1/data/demo.late', '{"late":2}')->{status}, 201,
    'it goes on');
is((fsck('--log', state_dir() . '/log'))[0], 0, 'and follows the log');

# gone: each whole object counts

$before = $all->();
unlink "$dir/manifest";
($status, $lines) = fsck(@rebuild);
is($status, 1, 'from nothing');
like($lines->[0], qr/^manifest: is older than what it should have, or gone \(/,
    'said');
is_deeply($all->(), $before, 'all is there');

# an older one that was put back, and a version that was deleted before

put("$dir/manifest", $manifest);
mkdir "$dir/$gone";
put("$dir/$gone/00000001", $back);
($status, $lines) = fsck(@rebuild, '--quarantine');
is_deeply([ grep { /^objects/ } @$lines ], [ "$gone/00000001: is not in the "
    . 'manifest: left by a crash, or put there (moved)' ], 'not taken');
like((grep { /^manifest/ } @$lines)[0], qr/ [1-9]\d* of them it did not have/,
    'those that came later are');
is_deeply($all->(), $before, 'all is there');
is((fsck())[0], 0, 'and whole');


=== TEST 8: what it can't do
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
