# workers: 1

use lib 't/lib';
use PServer;
use PServer::Store;


# a file of secrets of its own, with this text and mode

sub secret {
    my ($name, $text, $mode) = @_;
    my $path = state_dir() . "/$name";

    unlink $path;
    open my $out, '>', $path or die "$path: $!";
    chmod $mode || 0600, $out;
    print $out $text;
    close $out;

    return $path;
}

# the standard configuration with another root file

sub with_root {
    my $path = secret(@_);

    (my $text = http_config()) =~ s{pserver_root .*;}{pserver_root $path;};

    return $text;
}

sub workers_of {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
    chomp(my $master = <$in>);

    return split ' ', qx(pgrep -P $master);
}

# without an engine: "nobody" can't reach it

our $bare = config(pserver_engine => undef, pserver_operation => undef);

our $hex = '5a' x 32;

sub read_back {
    return http('GET', '/v1/data/demo.keys', { Authorization => web3signed(
        'owner1', 'GET', '/v1/data/demo.keys') });
}

# the root that an owner's file of keys names

sub root_of { unpack 'x12N', slurp(owner_dir(shift) . '/owner.key') }

# as operators have it: a master that is root, workers that are not

$Test::Nginx::Util::WorkerUser = 'nobody nogroup';

chmod 0777, map { state_dir() . "/$_" } qw( store log );

run_tests();

__DATA__

=== TEST 1: a root file that others may read
--- http_config eval: main::with_root('loose', "1 $main::hex\n", 0640)
--- must_die
--- error_log
holds a secret, but its mode lets others than its owner in


=== TEST 2: a root file that is none
--- http_config eval: main::with_root('empty', '')
--- must_die
--- error_log
line 1 of


=== TEST 3: the line is named, and not shown
--- http_config eval: main::with_root('short', "2 $main::hex\n1 5a5a\n")
--- must_die
--- error_log
line 2 of
--- no_error_log
5a5a


=== TEST 4: more roots than there may be
--- config eval: $main::bare
--- http_config eval
main::with_root('many', CORE::join '', map { "$_ $main::hex\n" } 1 .. 17)
--- must_die
--- error_log
more than 16 roots


=== TEST 5: a root file that is not there
--- http_config eval
(my $text = main::http_config()) =~ s{pserver_root .*;}{pserver_root /no/such;};
$text
--- must_die
--- error_log
open() "/no/such" failed


=== TEST 6: nobody else of the worker's user looks into its memory
--- config eval: $main::bare
--- script
my ($worker) = workers_of();

# /proc/PID of a process that is not dumpable is root's

is +(stat "/proc/$worker/mem")[4], 0, 'mem is of root';
is +(stat "/proc/$worker/environ")[4], 0, 'so is the environment';

my $pid = fork;

if ($pid == 0) {
    require POSIX;
    POSIX::setgid((getpwnam 'nobody')[3]);
    POSIX::setuid((getpwnam 'nobody')[2]);
    POSIX::_exit(open(my $mem, '<', "/proc/$worker/mem") ? 1 : 0);
}

waitpid $pid, 0;
is $?, 0, 'nobody can not open it';

# and the worker does its work all the same: link() through /proc/self

my $body = '{"a":1}';
my $r = http('POST', '/v1/data/demo.keys', { Authorization => web3signed(
    'owner1', 'POST', '/v1/data/demo.keys', $body),
    'Content-Type' => 'application/json' }, $body);

is $r->{status}, 201, 'stored';


=== TEST 7: a new root that is not the first yet: nothing changes
--- config eval: $main::bare
--- http_config eval
main::with_root('two', "1 $main::hex\n2 " . 'a5' x 32 . "\n")
--- script
is main::read_back()->{status}, 200, 'read';
sleep 2;
is main::root_of('owner1'), 1, 'under the root that is first';


=== TEST 8: it is the first: owners' keys are sealed again, nothing else is
--- config eval: $main::bare
--- http_config eval
main::with_root('two_one', '2 ' . 'a5' x 32 . "\n1 $main::hex\n")
--- script
our $objects = join ' ', map { "$_ " . (stat)[9] }
    sort { $a cmp $b } all_files(owner_dir('owner1') . '/objects');
my $before = json(http('GET', '/status')->{content})->{counters};
my $r = main::read_back();

is $r->{status}, 200, 'read, whichever it is';
is_deeply $r->{json}{data}, { a => 1 }, 'the same';

ok wait_for { main::root_of('owner1') == 2 }, 'under the new root';
ok wait_for {
    json(http('GET', '/status')->{content})->{counters}{keys_rewrapped}
        > $before->{keys_rewrapped}
}, 'it is counted';
is json(http('GET', '/status')->{content})->{counters}{keys_old}, 0,
    'none is left';
is main::read_back()->{status}, 200, 'read again';
is join(' ', map { "$_ " . (stat)[9] } sort { $a cmp $b }
    all_files(owner_dir('owner1') . '/objects')), $objects, 'objects are as they were';
is -e owner_dir('owner1') . '/owner.key.new', undef, 'nothing is left over';
is +(stat owner_dir('owner1') . '/owner.key')[2] & 0777, 0600, 'mode';


=== TEST 9: one that does not open is left as it is, and told of
--- config eval: $main::bare
--- http_config eval
main::with_root('three', '3 ' . 'c3' x 32 . "\n2 " . 'a5' x 32 . "\n")
--- script
my $folder = state_dir() . '/store/owners/' . '9' x 40;
my $bad = "PSVRKEYS\0\0\0\1\0\0\0\2" . "\0" x 164;

mkdir $folder, 0777;
open my $out, '>', "$folder/owner.key" or die $!;
print $out $bad;
close $out;
chmod 0666, "$folder/owner.key";

ok wait_for { main::root_of('owner1') == 3 }, 'the others are';
wait_for {
    json(http('GET', '/status')->{content})->{counters}{keys_old} == 1
};
is json(http('GET', '/status')->{content})->{counters}{keys_old}, 1,
    'it is counted';
is slurp("$folder/owner.key"), $bad, 'it is as it was';

unlink "$folder/owner.key";
rmdir $folder;


=== TEST 10: without the old ones all is there
--- config eval: $main::bare
--- http_config eval
main::with_root('new', '3 ' . 'c3' x 32 . "\n")
--- script
is main::read_back()->{status}, 200, 'read';


=== TEST 11: without its root nothing is, nor the key of the log
--- config eval: $main::bare
--- http_config eval
main::with_root('other', '4 ' . 'a5' x 32 . "\n")
--- error_log
a sealed file of the store does not open
--- alerts_expected
--- script
my $r = main::read_back();

is $r->{status}, 500, 'status';
is $r->{json}{error}, 'DECRYPTION_ERROR', 'code';


=== TEST 12: nor with another root of the same id
--- config eval: $main::bare
--- http_config eval
main::with_root('forged', '3 ' . 'a5' x 32 . "\n")
--- error_log
a sealed file of the store does not open
--- alerts_expected
--- script
my $r = main::read_back();

is $r->{status}, 500, 'status';
