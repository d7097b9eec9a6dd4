# workers: 1
#
# Where plaintext and keys must not be: in files of any kind, in what a crash
# leaves, before other processes of the workers' user, and, once a request is
# over, in a worker's memory.

use lib 't/lib';
use PServer;
use PServer::Store;

use Digest::SHA qw( sha256 sha256_hex );
use File::Find;
use IO::Socket::INET;

no warnings 'portable';


# as operators have it: a master that is root, workers that are not

$Test::Nginx::Util::WorkerUser = 'nobody nogroup';

chmod 0777, map { state_dir() . "/$_" } qw( store log );
mkdir state_dir() . '/cores';
chmod 0777, state_dir() . '/cores';

our $root = sha256('a root that is like no other');

open my $out, '>', state_dir() . '/root' or die;
print $out '1 ', unpack('H*', $root), "\n";
close $out or die;

# with leave to dump what may be dumped

our $cores = 'worker_rlimit_core 500m;' . "\n"
    . 'working_directory ' . state_dir() . '/cores;';

sub worker {
    chomp(my $master = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid"));
    return (split ' ', qx(pgrep -P $master))[0];
}


# needles, each by what it is called

our %needles;

sub holds {
    my $text = shift;
    return grep { index($text, $needles{$_}) >= 0 } sort keys %needles;
}

# "needle in file" for all files below the folders; names count as text

sub in_files {
    my @found;

    find({ no_chdir => 1, wanted => sub {
        return if !-f || -l || m{/(?:identity|root|loose)$};
        my $name = $_;
        my $text = eval { slurp($name) };
        push @found, map { "$_ in $name" } holds("$name\n" . ($text // ''));
    } }, grep { -d } @_);

    return @found;
}

# the same in the memory of a process; what is locked and never dumped is
# where keys belong

sub in_memory {
    my $pid = shift;
    my (@found, $region, @regions);

    for (split /\n/, slurp("/proc/$pid/smaps")) {
        if (/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)/) {
            push @regions, $region = { from => hex $1, to => hex $2,
                mode => $3, name => $4 };
        } elsif (/^VmFlags:(.*)/) {
            $region->{flags} = " $1 ";
        }
    }

    open my $mem, '<:raw', "/proc/$pid/mem" or die "mem: $!";

    for (@regions) {
        # what was not mapped from a file, or can be written to

        next if $_->{mode} !~ /^rw/ && ($_->{mode} !~ /^r/ || $_->{name});

        my $secret = $_->{flags} =~ / dd / && $_->{flags} =~ / lo /;
        my $len = $_->{to} - $_->{from};

        sysseek $mem, $_->{from}, 0;
        next if !sysread($mem, (my $text), $len);

        $main::locked{$_} = 1 for $secret ? holds($text) : ();
        my $name = $_->{name} || 'memory';
        push @found, map { "$_ in $name" } $secret ? () : holds($text);
    }

    return @found;
}

our %locked;

# no engine, which these workers could not reach

our @bare = (pserver_operation => undef, pserver_engine => undef);

run_tests();

__DATA__

=== TEST 1: files
--- main_config eval: $main::cores
--- config eval: main::config(@main::bare)
--- script
my $small = '{"text":"an axolotl in a glass of water"}';
my $large = 'the pangolin sleeps' . sha256('large') x 30_000;
my $json = '{"text":"' . 'a wombat and its burrow, ' x 20_000 . '"}';

%needles = (
    'small plaintext' => 'an axolotl in a glass', 'file name' => 'narwhal.bin',
    'large plaintext' => substr($large, 0, 100), 'its middle' =>
        substr($large, 500_000, 64), 'JSON' => 'a wombat and its burrow',
    'scope' => 'animals.secretive', 'root' => $root,
    'root in hex' => unpack('H*', $root), 'phrase' => 'test test test test',
);

is post('owner1', '/v1/data/animals.secretive', $small)->{status}, 201, 'small';
is post('owner1', '/v1/data/animals.json', $json)->{status}, 201, 'JSON';
is post('owner1', '/v1/data/animals.large', $large, { 'Content-Type' => 'x/y',
    'X-Filename' => 'narwhal.bin' })->{status}, 201, 'large';

my @keys = split ' ', qx(python3 t/vectors/sealed.py keys @{[ state_dir() ]}/root @{[ fixtures()->{chain}{chainId} ]} @{[ owner_dir('owner1') ]});
is scalar @keys, 3, "the owner's keys";

@needles{'data key', 'names key', 'ledger key'} = map { pack 'H*', $_ } @keys;

# keys that are kept a while are kept from now on

sleep 2.1;

my $read = sub {
    like get('owner1', '/v1/data/animals.secretive')->{content}, qr/axolotl/, 'read';
    like get('owner1', '/v1/data/animals.json')->{content}, qr/\Q$json\E\}$/, 'JSON';
    ok get('owner1', '/v1/data/animals.large?content=raw')->{content} eq $large, 'raw';
    is get('owner1', '/v1/data/animals.large')->{json}{data}{filename},
        'narwhal.bin', 'base64';
    like get('owner1', '/v1/data')->{content}, qr/animals\.large/, 'list';
};

$V{read} = $read;
$read->();

# an upload that breaks off, one that is not what was signed

http('POST', '/v1/data/animals.large', { Authorization => auth('owner1',
    'POST', '/v1/data/animals.large', 'x'), 'Content-Type' => 'x/y' }, $large);

my @folders = ($ENV{TEST_NGINX_SERVROOT}, state_dir());
my $access = "$ENV{TEST_NGINX_SERVROOT}/logs/access.log";

# the access log has the paths of requests, as nginx writes them

my $kept = delete $needles{scope};
is_deeply [ in_files(@folders) ], [], 'nothing of it is in any file';
$needles{scope} = $kept;
is_deeply [ grep { !/access\.log|fixtures/ } in_files(@folders) ], [],
    'nor is the name';

is_deeply [ grep { -f } glob "$ENV{TEST_NGINX_SERVROOT}/*_temp/*" ], [],
    'nothing is left in temporary folders';

# that the search would find it

open my $out, '>', state_dir() . '/planted' or die;
print $out "x$large";
close $out;
is_deeply [ in_files(state_dir()) ], [ map { "$_ in " . state_dir() . '/planted' }
    'its middle', 'large plaintext' ], 'planted, it is found';
unlink state_dir() . '/planted';


=== TEST 2: a worker's memory, after the requests
--- main_config eval: $main::cores
--- config eval: main::config(@main::bare)
--- script
return pass('a sanitizer keeps what is freed') if $ENV{ASAN_OPTIONS};

my $worker = worker();
my $auth = auth('owner1', 'GET', '/v1/data/animals.large');

$V{read}->();

# while one is under way, it is there: the search sees it

my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port()) or die;
print $s "POST /v1/data/animals.slow HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\n",
    'Authorization: ', auth('owner1', 'POST', '/v1/data/animals.slow', 'x'),
    "\r\nContent-Length: 1000\r\n\r\nan axolotl in a glass";
ok((wait_for { grep { /small plaintext/ } in_memory($worker) } 5),
    'during an upload plaintext is in memory');
close $s;

# what comes in a request's head is nginx's: scopes, names of files

delete @needles{'scope', 'file name'};

my $left = sub { join "\n", in_memory($worker) };
wait_for { $left->() eq '' } 5;

is $left->(), '', 'afterwards neither plaintext nor a key is, but where it is locked';
is_deeply [ grep { /key|root/ } sort keys %locked ],
    [ 'data key', 'ledger key', 'names key', 'root' ], 'where keys are';


=== TEST 3: what a crash leaves
--- main_config eval: $main::cores
--- config eval: main::config(@main::bare)
--- alerts_expected
--- script
my $worker = worker();
my $dir = state_dir() . '/cores';

$V{read}->();

# as root, with a debugger, of a worker that runs; a sanitizer's memory is
# terabytes

if (!$ENV{ASAN_OPTIONS}) {
    system "gcore -o $dir/asked $worker > $dir/gcore.log 2>&1";
    my ($core) = glob "$dir/asked.*";

    ok -s $core, 'a core of what may be dumped';
    is_deeply [ in_files($dir) ], [], 'has no plaintext and no key';
    unlink $core;
}

# by the kernel: none, since a worker is not dumpable (of SIGSEGV a sanitizer
# would make a report)

kill TRAP => $worker;
wait_for { !-e "/proc/$worker" || (worker() // 0) != $worker } 5;

is_deeply [ grep { !/gcore/ } glob "$dir/*" ], [], 'no core is written';
is get('owner1', '/v1/data/animals.secretive')->{status}, 200,
    'and the next worker serves';


=== TEST 4: what doctor says of workers, engine and guard
--- main_config eval: $main::cores
--- http_config eval
main::http_config(more => 'server { listen unix:' . main::state_dir()
    . '/guard.sock; pserver_operation ' . (PServer::Config::operation_lines())[0]
    . '; location /containers/ { pserver guard; proxy_pass http://unix:'
    . PServer::Config::engine_socket() . ':; } }')
--- config eval: main::config(@main::bare)
--- script
my $host = state_dir() . '/host';
mkdir $host;
mkdir "$host/proc";
open my $out, '>', "$host/proc/swaps";
close $out;

my $doctor = sub {
    my $said = qx(build/bin/pserverctl doctor --host $host @_);
    return ($? >> 8) . ' ' . $said =~ s/^.*swap.*\n//mr;
};

like $doctor->('--pid', "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid"),
    qr/^0 ok    the memory of worker @{[ worker() ]} is its own$/, 'a worker';
like $doctor->('--engine', PServer::Config::engine_socket()),
    qr/^1 FAULT .* is an engine without a guard/, 'an engine';
like $doctor->('--engine', state_dir() . '/guard.sock'),
    qr/^0 ok    .* is no engine/, 'a guard';
