package PServer::Custody;

# An owner who holds a key of its own: pserverctl, and requests that it would
# not make.

use strict;
use warnings;

use Exporter qw( import );
use IPC::Open3 qw( open3 );

use PServer::Client;
use PServer::Config;
use PServer::Store;
use PServer::World;

our @EXPORT = qw( custody custody_state custody_ask custody_box custody_key
    custody_data every_route worker_pids memory_has );


# custody('owner1', 'unlock', '--seconds', 60): status, stdout, stderr

sub custody {
    my ($wallet, $command, @args) = @_;

    local $ENV{PSERVER_KEY} = wallet($wallet)->{key};

    return run(root_dir() . '/build/bin/pserverctl', 'custody', $command,
        'http://127.0.0.1:' . port(), '--aud', origin(), @args);
}


sub run {
    my @command = @_;

    open my $null, '<', '/dev/null' or die;
    my $err_file = state_dir() . '/custody.stderr';

    open my $err, '+>', $err_file or die;
    my $pid = open3('<&' . fileno $null, my $out, '>&' . fileno $err,
        @command);

    my $stdout = do { local $/; <$out> };
    waitpid $pid, 0;
    my $status = $? >> 8;

    return ($status, defined $stdout ? $stdout : '', slurp($err_file));
}


sub custody_state {
    my $answer = get(shift, '/v1/custody');

    die "GET /v1/custody: $answer->{status}" if $answer->{status} != 200;
    return $answer->{json};
}


# the tests' own helper, built when it is needed

my $made;

sub owner {
    my $program = root_dir() . '/build/custody/owner';

    $made ||= system('make', '-s', '-C', root_dir(), 'build/custody/owner')
        == 0 or die 'build/custody/owner';

    my ($status, $out, $err) = run($program, @_);

    die "owner $_[0]: $status $err" if $status;
    chomp $out;
    return $out;
}

sub custody_box { owner('box', @_) }


# the key in the wrap that the server has

sub custody_key {
    my $wallet = shift;
    my $state = custody_state($wallet);

    return owner('key', wallet($wallet)->{key}, origin(), $state->{chainId},
        $state->{server}{address}, $state->{wrap});
}


# the three keys in owner.key

sub custody_data {
    my ($wallet, $key) = @_;

    return owner('file', owner_dir($wallet) . '/owner.key', '5a' x 32,
        custody_state($wallet)->{chainId}, wallet($wallet)->{address}, $key);
}


# a request to /v1/custody/..., with a nonce, so that it is no repeat

my $nonce = 0;

sub custody_ask {
    my ($wallet, $method, $uri, $body) = @_;

    $body = defined $body ? json($body) : '' if ref $body || !defined $body;

    return http($method, $uri, { 'Content-Type' => 'application/json',
        Authorization => auth($wallet, $method, $uri, $body,
            nonce => 'n' . ++$nonce) }, $body);
}


# what each route that needs the owner's keys answers: [name, answer]

sub every_route {
    my ($owner, $app, %permission) = @_;

    my $uri = '/v1/data/demo.messages';
    my $op = { permission_id => $permission{run}, exp => time + 100,
        nonce => "o$$-" . ++$nonce };

    my $signed = sub {
        my ($wallet, $method, $path, $body, %claims) = @_;
        return http($method, $path, {
            'Content-Type' => 'application/json',
            Authorization => auth($wallet, $method,
                $path =~ s/\?.*//r, $body, nonce => "r$$-" . ++$nonce,
                %claims) }, $body);
    };

    return (
        [ list => $signed->($owner, 'GET', '/v1/data') ],
        [ versions => $signed->($owner, 'GET', "$uri/versions") ],
        [ read => $signed->($owner, 'GET', $uri) ],
        [ 'read at' => $signed->($owner, 'GET',
            "$uri?at=2036-01-01T00:00:00Z") ],
        [ 'access log' => $signed->($owner, 'GET', '/v1/access-logs') ],
        [ write => $signed->($owner, 'POST', '/v1/data/demo.other',
            '{"n":' . ++$nonce . '}') ],
        [ delete => $signed->($owner, 'DELETE', '/v1/data/demo.other') ],
        [ "an app's list" => $signed->($app, 'GET', '/v1/data', undef,
            grantId => "$permission{read}") ],
        [ "an app's read" => $signed->($app, 'GET', $uri, undef,
            grantId => "$permission{read}") ],
        [ operation => http('POST', '/api/v1/operations',
            { 'Content-Type' => 'application/json' },
            operation($app, $op)) ],
    );
}


sub worker_pids {
    open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
    chomp(my $master = <$in>);

    return split ' ', qx(pgrep -P $master);
}


# those of the names whose bytes (hex) are somewhere in the process's memory

sub memory_has {
    my ($pid, %hex) = @_;
    my %found;

    open my $maps, '<', "/proc/$pid/maps" or die "/proc/$pid/maps: $!";
    open my $mem, '<:raw', "/proc/$pid/mem" or die "/proc/$pid/mem: $!";

    while (my $line = <$maps>) {
        my ($from, $to, $mode) = $line =~ /^([0-9a-f]+)-([0-9a-f]+) (\S+)/;
        next if $mode !~ /^r/ || $line =~ /\[v/;

        my $len = hex($to) - hex($from);

        sysseek $mem, hex($from), 0 or next;
        (sysread $mem, my $bytes, $len) or next;

        for (keys %hex) {
            $found{$_} = 1 if index($bytes, pack 'H*', $hex{$_}) >= 0;
        }
    }

    return sort keys %found;
}


1;
