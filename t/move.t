# An owner moves from one server to another: export, import, and what both do
# with what is cut off, damaged, or somebody else's.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Custody;
use PServer::Jobs;
use PServer::Store;

use File::Path qw( make_path remove_tree );

our $state = state_dir();
our $ctl = root_dir() . '/build/bin/pserverctl';

# the other place: its keys, its store, its log

make_path("$state/store2", "$state/log2");
write_file("$state/root2", '9 ' . 'c3' x 32 . "\n");
write_file("$state/identity2", 'legal winner thank year wave sausage worth '
    . "useful legal winner thank yellow\n");
chmod 0600, "$state/root2", "$state/identity2";

sub there {
    return http_config() =~ s{/(root|identity);}{/$1 2;}gr =~ s{ 2;}{2;}gr;
}

sub there_config {
    return config(pserver_store => "$state/store2",
        pserver_audit => "$state/log2", @_);
}

sub write_file {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die $!;
}

# a command: status, stdout, stderr

sub ctl {
    my @command = ($ctl, @_);
    my $pid = fork;

    if ($pid == 0) {
        open STDOUT, '>', "$state/out" or die;
        open STDERR, '>', "$state/err" or die;
        exec @command or die;
    }

    waitpid $pid, 0;
    my $status = $? & 127 ? 'killed' : $? >> 8;
    chomp(my $out = slurp("$state/out"));
    my $err = slurp("$state/err");

    diag($err) if $err =~ /Sanitizer/;
    return ($status, $out, $err);
}

sub export {
    my ($wallet, $archive, @more) = @_;

    return ctl('export', '--root', "$state/root", '--chain', 31337, '--owner',
        wallet($wallet)->{address}, '--for', $V{for}, @more, "$state/store",
        $archive);
}

sub import_to {
    my ($store, $archive, $digest, @more) = @_;

    return ctl('import', '--root', "$state/root2", '--chain', 31337,
        '--digest', $digest, @more, $archive, $store);
}

sub import_here { import_to("$state/store2", @_) }

# the same, killed before the n-th call that changes the disk; how many calls
# there were

sub dying {
    my ($n, $do) = @_;
    my $control = "$state/ctl-fault";

    write_file($control, pack 'qLL', 0, $n, 0);

    local $ENV{LD_PRELOAD} = root_dir() . '/build/fault/fault.so';
    local $ENV{PSERVER_FAULT} = $control;
    local $ENV{PSERVER_FAULT_PROGRAM} = 'pserverctl';

    my @result = $do->();

    return ((unpack 'qLL', slurp($control))[2], @result);
}

sub folder_in {
    return owner_dir_in(@_);
}

# all that is below a folder: path => bytes, or the text of a link

sub tree {
    my $dir = shift;
    my %tree;

    File::Find::find({ no_chdir => 1, wanted => sub {
        return if -d && !-l;
        my $name = s{^\Q$dir\E/}{}r;
        $tree{$name} = -l $_ ? '-> ' . readlink : slurp($_);
    } }, $dir);

    return \%tree;
}

sub delete_scope {
    my ($wallet, $uri) = @_;

    return http('DELETE', $uri, { Authorization =>
        auth($wallet, 'DELETE', $uri, undef, nonce => '' . rand) });
}

# what an owner sees of the data

sub seen {
    my $wallet = shift;
    my %seen;

    my $list = get($wallet, '/v1/data?limit=100');
    $seen{list} = $list->{json}{scopes};

    for my $scope (map { $_->{scope} } @{ $list->{json}{scopes} || [] }) {
        my $versions = get($wallet, "/v1/data/$scope/versions?limit=100");

        $seen{$scope} = $versions->{json}{versions};
        $seen{"$scope $_"} = get($wallet, "/v1/data/$scope?fileId=$_")
            ->{content} for map { $_->{fileId} } @{ $seen{$scope} };
    }

    return \%seen;
}

run_tests();

__DATA__

=== TEST 1: what the owners have, at the old place
--- config eval: main::config(pserver_operation => main::offers('test_echo'))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

my $id = $V{id} = start_job('app1', fresh('ok'))->{json}{id};
is(finish('app1', $id)->{json}{status}, 'succeeded', 'an operation ran');

for my $n (1 .. 12) {
    is(post('owner1', "/v1/data/demo.n$n", qq({"plain":"needle-$n-$_"}))
        ->{status}, 201, "object $n, version $_") for 1 .. 1 + $n % 3;
}

my $large = '{"needle-large":"' . 'x' x 300_000 . '"}';
is(post('owner1', '/v1/data/demo.large', $large)->{status}, 201, 'large');
is(delete_scope('owner1', "/v1/data/demo.n$_")->{status}, 204, 'deleted')
    for 3, 7;
is(post('owner1', '/v1/data/demo.n7', '{"again":1}')->{status}, 201,
    'and there again');

is(post('owner2', "/v1/data/demo.two$_", qq({"n":$_}))->{status}, 201,
    "another's") for 1 .. 4;

$V{seen} = seen('owner1');
$V{status} = status_of('app1', $id)->{content};

my ($status, $for) = ctl('recipient', '--root', "$state/root2");
is($status, 0, 'the new place has a name');
like($for, qr/^[0-9a-f]{72}$/, 'in hex');
$V{for} = $for;


=== TEST 2: export, beside nginx
--- config eval: main::config(pserver_operation => main::offers('test_echo'))
--- script
my $archive = "$state/one";
my $pid = fork;

# versions that come and go meanwhile

if ($pid == 0) {
    for my $n (1 .. 12) {
        post('owner1', '/v1/data/demo.live', qq({"n":$n}));
        delete_scope('owner1', '/v1/data/demo.live') if $n % 4 == 0;
    }
    require POSIX;
    POSIX::_exit(0);
}

my $rounds = 0;

do {
    my ($status, $out, $err) = export('owner1', $archive);
    is($status, 0, 'a cut') or diag($err);
    $rounds++;
} while (waitpid($pid, 1) == 0);

my ($status, $digest, $err) = export('owner1', $archive, '--log',
    "$state/log");
is($status, 0, 'exported');
like($digest, qr/^[0-9a-f]{64}$/, 'a digest');
like($err, qr/^checking: 100% of \d+ MB\n\d+ files, \d+ bytes\n\z/m,
    'how far it was');
@V{qw( archive digest )} = ($archive, $digest);
$V{seen} = seen('owner1');

my $tree = tree($archive);

for my $what ('needle', 'demo.', '5a' x 32, pack('H*', '5a' x 32),
    'c3' x 32, pack('H*', 'c3' x 32))
{
    is_deeply([ grep { index("$_\n$tree->{$_}", $what) >= 0 } keys %$tree ],
        [], 'nothing in it is plain');
}

is_deeply([ grep { (stat "$archive/$_")[2] & 077 } keys %$tree ], [],
    'nor for others to read');

# on a terminal it is a bar

my $bar = qx(script -qec "$ctl export --root $state/root --chain 31337 --owner @{[
    wallet('owner1')->{address} ]} --for $V{for} --log $state/log $state/store $archive" /dev/null);
like($bar, qr/copying \[#{40}\] 100%  \d+ of \d+ MB/, 'copying');
like($bar, qr/checking \[#{40}\] 100%/, 'checking');

my $again = (export('owner1', $archive, '--log', "$state/log"))[1];
isnt($again, $digest, 'another time it is for another key');
$V{digest} = $again;

# its proofs, with nothing but them

my ($log) = map { m{/([0-9a-f]{16})$} } glob "$archive/logs/*";
my $key = "$state/log/public/key";
my ($ok, $said) = ctl('audit', 'moved', '--log-key', $key,
    "$archive/logs/$log");
is($ok, 0, 'the log has its entries');
like($said, qr/^\d+ entries, in the log of \d+ that its key has signed$/,
    'so many');
$V{log} = $log;

my $bytes = slurp("$archive/logs/$log/proofs");

for my $at (50, 200, length($bytes) - 5) {
    my $other = $bytes;
    substr($other, $at, 1) ^= "\1";
    write_file("$archive/logs/$log/proofs", $other);
    is((ctl('audit', 'moved', '--log-key', $key, "$archive/logs/$log"))[0],
        1, "a bit at $at");
}

write_file("$archive/logs/$log/proofs", $bytes);

write_file("$state/other-key", slurp($key) =~ s/^(.{30})./${1}x/r);
isnt((ctl('audit', 'moved', '--log-key', "$state/other-key",
    "$archive/logs/$log"))[0], 0, 'of another log');


=== TEST 3: what export refuses
--- config eval: main::config(pserver_operation => main::offers('test_echo'))
--- script
my @root = ('--root', "$state/root", '--chain', 31337);
my $owner = wallet('owner2')->{address};
my @to = ("$state/store", "$state/none");

is((ctl('export', @root, '--for', $V{for}, @to))[0], 2, 'no owner');
is((ctl('export', @root, '--owner', $owner, @to))[0], 2, 'for nobody');

my $wrong = $V{for};
substr($wrong, 5, 1) = substr($wrong, 5, 1) eq '0' ? '1' : '0';
is((ctl('export', @root, '--owner', $owner, '--for', $wrong, @to))[0], 2,
    'for a mistake');

my ($status, undef, $err) = export('owner2', $V{archive});
is($status, 1, 'into the archive of another');
like($err, qr/is of another owner/, 'says so');

mkdir "$state/full";
write_file("$state/full/x", 'x');
($status, undef, $err) = export('owner2', "$state/full");
is($status, 1, 'into a folder with something else');
like($err, qr/is not empty, and no archive/, 'says so');
is(slurp("$state/full/x"), 'x', 'which stays');

($status, undef, $err) = export('app1', "$state/none");
is($status, 1, 'an owner who is not there');
like($err, qr{owners/[0-9a-f]{40}: No such file}, 'says so');

# a store that is not whole

my ($file) = grep { !/manifest/ } glob folder_in('store', 'owner2')
    . '/objects/*/00000001';
my $bytes = slurp($file);
my $bad = $bytes;
substr($bad, -3, 1) ^= "\1";
write_file($file, $bad);
($status, my $out) = export('owner2', "$state/bad");
is($status, 4, 'damage');
like($out, qr{objects/[0-9a-f]{64}/00000001: does not open|a part}, 'where');
ok(!-e "$state/bad/list", 'and it is not complete');

unlink $file;
($status, $out) = export('owner2', "$state/bad");
is($status, 4, 'a version that is gone');
like($out, qr{objects/[0-9a-f]{64}/00000001: is gone}, 'which');

write_file($file, $bytes);
is((export('owner2', "$state/bad"))[0], 0, 'and when it is mended');


=== TEST 4: killed anywhere, export goes on
--- config eval: main::config(pserver_operation => main::offers('test_echo'))
--- script
return pass('not under a sanitizer') if $ENV{ASAN_OPTIONS};

my $archive = "$state/two";
my $run = sub { export('owner2', $archive, '--log', "$state/log") };

my ($points, $status) = dying(0xffffffff, $run);
is($status, 0, 'exported');
my $whole = tree($archive);

my $same = sub {
    my $tree = tree($archive);
    delete @$_{qw( key owner.key list )} for $tree, my $once = { %$whole };
    is_deeply([ sort keys %$tree ], [ sort keys %$once ], shift);
    is_deeply([ grep { $tree->{$_} ne $once->{$_} } grep { !/^logs/ }
        keys %$once ], [], 'with the same in it');
};

my @at = grep { $_ == 1 || $_ == $points || $_ % 6 == $$ % 6 } 1 .. $points;
my (@lived, @left, @failed);

for my $n (@at) {
    remove_tree($archive);

    my ($calls, $died) = dying($n, $run);
    push @lived, $n if $died ne 'killed';

    # nobody takes what is not complete
    my ($not) = import_to("$state/nowhere", $archive, '0' x 64);
    push @left, $n if $not == 0;

    my ($ok) = $run->();
    push @failed, $n if $ok;
}

is_deeply(\@lived, [], "killed at " . @at . " of $points points");
is_deeply(\@left, [], 'nothing of it counts');
is_deeply(\@failed, [], 'and each goes on');
$same->('to the same archive');

@V{qw( archive2 digest2 )} = ($archive, ($run->())[1]);


=== TEST 5: killed anywhere, import goes on
--- config eval: main::config(pserver_operation => main::offers('test_echo'))
--- script
return pass('not under a sanitizer') if $ENV{ASAN_OPTIONS};

my $store = "$state/store3";
my $run = sub { import_to($store, $V{archive2}, $V{digest2}) };

mkdir $store;
my ($points, $status) = dying(0xffffffff, $run);
is($status, 0, 'imported');

my $there = folder_in('store3', 'owner2');
my $whole = tree($there);
my (@lived, @early, @failed, @other);

my @at = grep { $_ == 1 || $_ >= $points - 8 || $_ % 5 == $$ % 5 }
    1 .. $points;

for my $n (@at) {
    remove_tree($store);
    mkdir $store;

    my ($calls, $died) = dying($n, $run);
    push @lived, $n if $died ne 'killed';

    # wholly, or not at all

    if (-e $there) {
        push @early, $n if keys %{ tree($there) } != keys %$whole;
        next;
    }

    my ($ok) = $run->();
    push @failed, $n if $ok;

    my $tree = tree($there);
    push @other, $n if grep { ($tree->{$_} // '') ne $whole->{$_} }
        grep { $_ ne 'owner.key' } keys %$whole;
}

is_deeply(\@lived, [], 'killed at ' . @at . " of $points points");
is_deeply(\@early, [], 'nothing is there by halves');
is_deeply(\@failed, [], 'each goes on');
is_deeply(\@other, [], 'to the same');

# an operation of the same id, of somebody else

my ($row) = sort map { m{^jobs/([0-9a-f]{32,})$} } keys %{ tree($V{archive}) };
my $name = 'jobs/' . substr($row, 0, 2) . "/$row";
my $others = '../../owners/' . '0' x 40 . "/jobs/$row";

$store = "$state/store-hidden";
make_path("$store/jobs/" . substr $row, 0, 2);
symlink $others, "$store/$name" or die $!;

my ($hides, undef, $why) = import_to($store, $V{archive}, $V{digest});
is($hides, 1, 'a name that leads elsewhere');
like($why, qr{/\Q$name\E: is there already, and leads elsewhere},
    'it says which');
is(readlink "$store/$name", $others, 'it is left');
ok(!-e folder_in('store-hidden', 'owner1'), 'and the owner is not there');


=== TEST 6: an archive that was damaged
--- config eval: main::config(pserver_operation => main::offers('test_echo'))
--- script
my ($archive, $digest) = @V{qw( archive digest )};
my $store = "$state/store4";
mkdir $store;

my @files = grep { -f } map { glob "$archive/$_" } 'key', 'owner.key',
    'manifest', 'objects/*/*', 'jobs/*', 'jobs/*/*', 'logs/*/*';

my (@taken, @unnamed);

my $refused = sub {
    my ($what, $file) = @_;
    my $name = $file =~ s{^\Q$archive\E/}{}r;

    # else what an earlier one has brought is as good
    remove_tree($store);
    mkdir $store;

    my ($status, undef, $err) = import_to($store, $archive, $digest);

    push @taken, "$what $name" if $status != 4;
    push @unnamed, "$what $name: $err" if index($err, $name) < 0;
};

my %seen_kind;

for my $file (@files) {
    my $kind = $file =~ s{[0-9a-f]{16,}}{}gr;
    next if $seen_kind{$kind}++ > 1;

    my $bytes = slurp($file);
    my $bad = $bytes;
    substr($bad, length($bad) / 2, 1) ^= "\1";

    write_file($file, $bad);
    $refused->('a bit of', $file);
    write_file($file, substr($bytes, 0, -1));
    $refused->('cut off:', $file);
    write_file($file, "$bytes.");
    $refused->('longer:', $file);
    unlink $file;
    $refused->('without', $file);
    symlink "$state/root", $file;
    $refused->('a link for', $file);
    unlink $file;
    write_file($file, $bytes);
}

is_deeply(\@taken, [], 'each damage is refused');
is_deeply(\@unnamed, [], 'by the name of the file');
is_deeply([ glob "$store/owners/*" ], [], 'nobody is there');

# the list itself

remove_tree("$store/incoming");
my $list = slurp("$archive/list");

for my $n (0 .. 20) {
    my $bad = $list;
    substr($bad, int(length($bad) * $n / 21), 1) ^= "\1";
    write_file("$archive/list", $bad);
    my ($status, undef, $err) = import_to($store, $archive, $digest);
    is($status, 1, 'not what was exported') or diag($err);
}

# a list that somebody made, whose digest fits

my $digest_of = sub {
    write_file("$archive/list", $_[0]);
    return Digest::SHA::sha256_hex($_[0]);
};

for my $made (
    [ 'a way out', $list =~ s{(file \S+ \S+ )manifest\n}{$1../manifest\n}r ],
    [ 'cut off', substr($list, 0, -1) ],
    [ 'a line less', $list =~ s/^link [^\n]*\n//mr ],
    [ 'twice', $list =~ s/^(file [^\n]*\n)/$1$1/mr ],
    [ 'more behind it', "$list\n" ],
    [ 'no key', $list =~ s/^file \S+ \S+ key\n//mr ],
    [ 'nothing', "\n" ])
{
    my ($what, $text) = @$made;
    my ($status, undef, $err) = import_to($store, $archive,
        $digest_of->($text));
    is($status, 4, $what) or diag($err);
    like($err, qr{/list: }, 'by its name');
}

# without a version that the manifest has: what it says is checked, too

my $less = $list =~ s/^file \S+ \d+ objects[^\n]*\n//mr;
$less =~ s/^end (\d+)$/'end ' . ($1 - 1)/me;
my ($status, $out) = import_to($store, $archive, $digest_of->($less));
is($status, 4, 'a version less');
like($out, qr/is gone, and the manifest has it/, 'which is seen');

write_file("$archive/list", $list);

# for another place, another chain

my @import = ('--digest', $digest, $archive, $store);
is((ctl('import', '--root', "$state/root", '--chain', 31337, @import))[0], 4,
    'for another server');
is((ctl('import', '--root', "$state/root2", '--chain', 1, @import))[0], 1,
    'of another chain');
is((ctl('import', '--root', "$state/root2", '--chain', 31337, '--digest',
    'x', $archive, $store))[0], 2, 'no digest');
is_deeply([ glob "$store/owners/*" ], [], 'nobody is there');

# a folder that somebody else has put where the import works

my $incoming = "$store/incoming/" . lc substr wallet('owner1')->{address}, 2;

for my $put (sub { chmod 0777, @_ }, sub { chown 65534, 65534, @_ }) {
    remove_tree($incoming);
    make_path($incoming);
    $put->($incoming);
    my ($status, undef, $err) = import_to($store, $archive, $digest);
    is($status, 1, "another's folder");
    like($err, qr/others could change it/, 'says so');
    is_deeply([ glob "$incoming/*" ], [], 'nothing is written');
}

remove_tree($incoming);

# another owner with the same derivation index

my $index = sprintf '%08x', unpack('N', Digest::SHA::sha256(
    lc wallet('owner1')->{address})) & 0x7fffffff;
make_path("$store/index");
symlink '11' x 20, "$store/index/$index";
($status, undef, my $err) = import_to($store, $archive, $digest);
is($status, 1, 'an index that is taken');
like($err, qr/another owner of this server/, 'says so');
unlink "$store/index/$index";

is((import_to($store, $archive, $digest))[0], 0, 'and when all is well');
is(readlink "$store/index/$index", lc substr(wallet('owner1')->{address}, 2),
    'with its index');


=== TEST 7: at the new place
--- http_config eval: main::there()
--- config eval
main::there_config(pserver_operation => main::offers('test_echo'))
--- script
is(get('owner1', '/v1/data')->{json}{total}, 0, 'nothing yet');

my ($status, $out, $err) = import_here(@V{qw( archive digest )});
is($status, 0, 'imported') or diag("$out\n$err");

is_deeply(seen('owner1'), $V{seen}, 'all that there was is there');

# a receipt is signed by the server that gives it

my $status_there = status_of('app1', $V{id})->{json};
my $status_here = json($V{status});
isnt(delete $status_there->{receipt}, delete $status_here->{receipt},
    'another server');
is_deeply($status_there, $status_here, 'the operation as well');

my $uri = '/api/v1/operations';
for my $who (qw( app1 owner1 )) {
    my $r = http('GET', $uri, { Authorization =>
        web3signed($who, 'GET', $uri) });
    is_deeply([ map { $_->{id} } @{ $r->{json}{operations} } ], [ $V{id} ],
        "in the list of $who");
}

my $file = http('POST', '/api/v1/artifacts/download', {}, json({
    operation_id => $V{id}, artifact_path => 'more/a.txt',
    signature => sign_text('app1', qq({"operation_id":"$V{id}"})) }));
is($file->{status}, 200, 'and what it left');

is(post('owner1', '/v1/data/demo.n1', '{"new":1}')->{status}, 201,
    'it goes on');
is(get('owner1', '/v1/data/demo.n1/versions')->{json}{total}, 3,
    'where it was');

# what only the old place can open is not needed

my @fsck = ('fsck', '--root', "$state/root2", '--chain', 31337);
($status, $out) = ctl(@fsck, "$state/store2");
is($status, 0, 'it is whole') or diag($out);
is((ctl('audit', 'moved', '--log-key', "$state/log/public/key",
    folder_in('store2', 'owner1') . "/logs/$V{log}"))[0], 0,
    'the proofs of the old log hold');

my $proofs = folder_in('store2', 'owner1') . "/logs/$V{log}/proofs";
my $bytes = slurp($proofs);
my $cut = $bytes;
substr($cut, 23, 1) = chr(ord(substr $cut, 23, 1) - 1);
write_file($proofs, $cut);
is((ctl(@fsck, "$state/store2"))[0], 4, 'fsck sees when they do not');
write_file($proofs, $bytes);

# the document's opener, which knows nothing of this code

my $opened = json(scalar qx(python3 t/vectors/sealed.py read $state/root2 31337 @{[
    folder_in('store2', 'owner1') ]}));
my ($large) = grep { $_->{scope} eq 'demo.large' } @{ $opened->{versions} };
is($large->{length}, 300_000 + length '{"needle-large":""}',
    'opens all of it');

# never over somebody who is there

my $before = tree(folder_in('store2', 'owner1'));
($status, undef, $err) = import_here(@V{qw( archive digest )});
is($status, 1, 'again');
like($err, qr/the owner is there already/, 'is refused');
is_deeply(tree(folder_in('store2', 'owner1')), $before, 'nothing changes');


=== TEST 8: on to a third place, with the logs of both
--- http_config eval: main::there()
--- config eval
main::there_config(pserver_operation => main::offers('test_echo'))
--- script
write_file("$state/root3", '1 ' . '77' x 32 . "\n");
my $to = (ctl('recipient', '--root', "$state/root3"))[1];

my ($status, $digest, $err) = ctl('export', '--root', "$state/root2",
    '--chain', 31337, '--owner', wallet('owner1')->{address}, '--for', $to,
    '--log', "$state/log2", "$state/store2", "$state/three");
is($status, 0, 'exported') or diag($err);
is(scalar(() = glob "$state/three/logs/*"), 2, 'both logs');

mkdir "$state/store5";
($status, my $out) = ctl('import', '--root', "$state/root3", '--chain',
    31337, '--digest', $digest, "$state/three", "$state/store5");
is($status, 0, 'imported') or diag($out);


=== TEST 9: an owner with a key of its own, at the old place
--- config eval: main::config(pserver_custody => 'owner max=2h')
--- script
my ($status, $phrase) = custody('owner2', 'init');
is($status, 0, 'a key');
write_file("$state/phrase", $phrase);
custody('owner2', 'unlock');
$V{seen2} = seen('owner2');

my $archive = "$state/owned";
($status, undef, my $err) = export('owner2', $archive);
is($status, 1, 'not without it');
like($err, qr/needs the owner's own key/, 'says so');

($status, my $key) = custody('owner2', 'key');
is($status, 0, 'the owner has it');
write_file("$state/custody.key", $key);

($status, my $digest) = export('owner2', $archive, '--custody',
    "$state/custody.key");
is($status, 0, 'and then');

my $tree = tree($archive);
chomp $key;
is_deeply([ grep { index($tree->{$_}, $key) >= 0
    || index($tree->{$_}, pack 'H*', $key) >= 0 } keys %$tree ], [],
    'it is not in the archive');
@V{qw( owned owned_digest )} = ($archive, $digest);


=== TEST 10: and at the new one
--- http_config eval: main::there()
--- config eval: main::there_config(pserver_custody => 'owner max=2h')
--- script
my @archive = @V{qw( owned owned_digest )};

my ($status, undef, $err) = import_here(@archive);
is($status, 1, 'not without the key');
like($err, qr/--custody/, 'says so');

write_file("$state/wrong.key", '0' x 64 . "\n");
($status, undef, $err) = import_here(@archive, '--custody',
    "$state/wrong.key");
is($status, 4, 'nor with another');
like($err, qr/owner.key: does not open with this key/, 'says so');

($status, undef, $err) = import_here(@archive, '--custody',
    "$state/custody.key");
is($status, 0, 'with it') or diag($err);

is(get('owner2', '/v1/data')->{status}, 423, 'it is locked');
isnt((custody('owner2', 'unlock'))[0], 0, 'the wallet signs for this server');
is((custody('owner2', 'rewrap', '--recovery', "$state/phrase"))[0], 0,
    'the phrase opens the wrap: a new one');
is((custody('owner2', 'unlock'))[0], 0, 'which the wallet opens');
is_deeply(seen('owner2'), $V{seen2}, 'all is there');
