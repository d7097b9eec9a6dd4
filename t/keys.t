# workers: 1

use lib 't/lib';
use PServer;


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

our $hex = '5a' x 32;

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


=== TEST 7: a new root: what lies there still opens
--- http_config eval
main::with_root('two', '2 ' . 'a5' x 32 . "\n1 $main::hex\n")
--- script
my $r = http('GET', '/v1/data/demo.keys', { Authorization => web3signed(
    'owner1', 'GET', '/v1/data/demo.keys') });

is $r->{status}, 200, 'read';
is_deeply $r->{json}{data}, { a => 1 }, 'the same';


=== TEST 8: without its root nothing does, nor the key of the log
--- http_config eval
main::with_root('other', '2 ' . 'a5' x 32 . "\n")
--- error_log
a sealed file of the store does not open
--- alerts_expected
--- script
my $r = http('GET', '/v1/data/demo.keys', { Authorization => web3signed(
    'owner1', 'GET', '/v1/data/demo.keys') });

is $r->{status}, 500, 'status';
is $r->{json}{error}, 'DECRYPTION_ERROR', 'code';


=== TEST 9: nor with another root of the same id
--- http_config eval
main::with_root('forged', '1 ' . 'a5' x 32 . "\n")
--- error_log
a sealed file of the store does not open
--- alerts_expected
--- script
my $r = http('GET', '/v1/data/demo.keys', { Authorization => web3signed(
    'owner1', 'GET', '/v1/data/demo.keys') });

is $r->{status}, 500, 'status';
