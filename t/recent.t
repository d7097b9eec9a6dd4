# What a worker remembers of an object that it has read: it is used only as
# long as the disk, and every other worker, has left all as it was.

use lib 't/lib';
use PServer;
use PServer::Store;

use Time::HiRes qw( sleep time );


# puts bytes into a scope; the path of its file

my $nonce = 0;

sub stored {
    my ($scope, $bytes) = @_;
    my %before = map { $_ => 1 } objects();

    my $path = "/v1/data/$scope";
    my $r = http('POST', $path, { 'Content-Type' => 'x/y', Authorization =>
        auth('owner1', 'POST', $path, $bytes, nonce => '' . ++$nonce) },
        $bytes);

    Test::More::is($r->{status}, 201, "$scope is stored");

    my ($file) = grep { !$before{$_} } objects();
    return $file;
}

sub objects { glob owner_dir('owner1') . '/objects/*/*' }

sub write_file {
    my ($path, $bytes) = @_;

    open my $out, '+<:raw', $path or die "$path: $!";
    print $out $bytes;
    truncate $out, length $bytes or die "$path: $!";
    close $out or die "$path: $!";
}

sub flipped {
    my ($bytes, $at) = @_;
    substr($bytes, $at, 1) ^= "\x01";
    return $bytes;
}


# the raw bytes, or the status

our %signed;

sub bytes {
    my ($scope, %headers) = @_;
    my $path = "/v1/data/$scope";

    my $r = http('GET', "$path?content=raw", { %headers, Authorization =>
        $signed{$path} ||= auth('owner1', 'GET', $path) });

    return $r->{status} =~ /^20[06]$/ ? $r->{content} : $r->{status};
}

# Whether a worker remembers objects: it has the owner's folder open, which
# it has otherwise for the moment of a request; and no file, ever.

sub remembered {
    my $dir = owner_dir('owner1');
    return scalar grep { (readlink || '') eq $dir } glob '/proc/[0-9]*/fd/*';
}

sub files {
    my $dir = owner_dir('owner1');
    return grep { m{^\Q$dir\E/objects/} } map { readlink || () }
        glob '/proc/[0-9]*/fd/*';
}

# by each worker, as far as connections tell

sub read_it { my $scope = shift; bytes($scope) for 1 .. 12 }

our $one = join '', map { chr(32 + $_ % 90) } 1 .. 900;
our $large = join '', map { pack 'N', $_ * 2654435761 } 1 .. 100_000;

run_tests();

__DATA__

=== TEST 1: a hand on the disk, while it is kept
--- script
my %file = map { $_ => stored("recent.$_", $_ eq 'large' ? $large : $one) }
    qw( flip cut gone replaced header keys manifest folder large );
my %good = map { $_ => slurp($file{$_}) } keys %file;

sleep 2.1;

for (sort keys %file) {
    read_it("recent.$_");
    ok bytes("recent.$_") eq ($_ eq 'large' ? $large : $one), "$_ is right";
}

cmp_ok remembered(), '>=', keys %file, 'each is kept';
is join(' ', files()), '', 'and no file is open';

write_file($file{flip}, flipped($good{flip}, 4096 + 5));
is bytes('recent.flip'), 500, 'a bit of the chunk';
write_file($file{flip}, $good{flip});
is bytes('recent.flip'), $one, 'as it was';

write_file($file{cut}, substr $good{cut}, 0, -1);
is bytes('recent.cut'), 500, 'a byte less';

write_file($file{header}, flipped($good{header}, 0));
is bytes('recent.header'), 500, 'its header, which was read before';

rename $file{gone}, "$file{gone}.x" or die;
is bytes('recent.gone'), 500, 'the file is gone';
rename "$file{gone}.x", $file{gone} or die;
is bytes('recent.gone'), $one, 'and back';

rename $file{flip}, $file{replaced} or die;
is bytes('recent.replaced'), 500, 'another file in its place';

# what all of an owner's reads look at; who can't look says no

my $dir = owner_dir('owner1');

for (qw( owner.key manifest )) {
    read_it('recent.keys');
    rename "$dir/$_", "$dir/x" or die;
    is bytes('recent.keys') eq $one, '', "$_ is gone";
    rename "$dir/x", "$dir/$_" or die;
    is bytes('recent.keys'), $one, "$_ is back";
}

read_it('recent.folder');
rename $dir, "$dir.x" or die;
is bytes('recent.folder'), 404, 'the folder is gone';
symlink "$dir.x", $dir or die;
isnt bytes('recent.folder'), $one, 'a link to it is none';
unlink $dir or die;
rename "$dir.x", $dir or die;
is bytes('recent.folder'), $one, 'and back';

# a range is of a whole file

read_it('recent.large');
my $range = 'bytes=65536-65635';
is bytes('recent.large', Range => $range), substr($large, 65536, 100),
    'a range';
is bytes('recent.large', Range => 'bytes=-10'), substr($large, -10),
    'the end';
write_file($file{large}, flipped($good{large}, length($good{large}) - 1));
is bytes('recent.large', Range => $range), 500, 'the last chunk is bad';
write_file($file{large}, flipped($good{large}, 4096 + 65552));
is bytes('recent.large', Range => $range), 500, 'the chunk itself is';


=== TEST 2: what other workers do
--- script
my $file = stored('recent.others', $one);

sleep 2.1;
read_it('recent.others');
cmp_ok remembered(), '>', 0, 'it is kept';

for my $n (2 .. 4) {
    stored('recent.others', "$one $n");
    is join(' ', grep { bytes('recent.others') ne "$one $n" } 1 .. 20), '',
        "each worker has version $n";
}

is ask('owner1', 'DELETE', '/v1/data/recent.others')->{status}, 204,
    'deleted';
is join(' ', grep { bytes('recent.others') ne 404 } 1 .. 20), '',
    'each worker knows it';


=== TEST 3: what nobody asks for is forgotten
--- script
stored('recent.idle', $one);

sleep 2.1;
read_it('recent.idle');
cmp_ok remembered(), '>', 0, 'it is kept';

my $until = time + 10;
sleep 0.2 while remembered() && time < $until;

is remembered(), 0, 'and not for long';
is bytes('recent.idle'), $one, 'and opens again';
