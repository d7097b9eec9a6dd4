# workers: 4
#
# What is this nginx's at the engine, and what is not: containers of no job
# are removed, those of others never.

use lib 't/lib';
use PServer;
use PServer::Jobs;

use Digest::SHA qw( sha256_hex );

# the name of this nginx at the engine

sub instance {
    open my $in, '<', state_dir() . '/store/instance' or die "instance: $!";
    return scalar <$in>;
}

# a blank container with labels, as a job's; its id

sub plant {
    my ($name, %labels) = @_;
    my ($status, $answer) = engine('POST', "/containers/create?name=$name",
        json({
            Image => image('word_count'), OpenStdin => JSON::PP::true,
            Labels => { map { ("org.pserver.$_" => $labels{$_}) }
                keys %labels },
            HostConfig => { NetworkMode => 'none' },
        }));

    die "create: $status $answer->{message}" if $status != 201;
    engine('POST', "/containers/$answer->{Id}/start");

    return $answer->{Id};
}

sub there { (engine('GET', "/containers/$_[0]/json"))[0] == 200 }
sub uproot { engine('DELETE', "/containers/$_?force=1") for @_ }

# the name of the container of a job

sub named { 'pserver-' . sha256_hex(pack 'H*', $_[0]) }

run_tests();

__DATA__

=== TEST 1: containers that no row owns
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

ok((wait_for { -s state_dir() . '/store/instance' } 5), 'a name');

my $live = start_job('app1', fresh('ok'))->{json}{id};
my $over = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $live), 'one runs');
ok(running('app1', $over), 'another one');
cancel_job('app1', $over);
finish('app1', $over);

my %job = (job => 'ab' x 32, operation => 'word_count');
my $own = ::instance();

my @orphans = (
    ::plant('pserver-' . 'ab' x 32, instance => $own, %job),
    ::plant(::named($over), instance => $own, %job),
);

my @others = (
    ::plant('pserver-' . 'cd' x 32, instance => 'f' x 32, %job),
    ::plant('pserver-' . 'ef' x 32),
    ::plant('somebody', instance => $own),
);

my ($mine) = grep { my $id = $_; !grep { $_ eq $id } @orphans, @others }
    containers();

my $gone = wait_for { !grep { ::there($_) } @orphans } 20;

ok($gone, 'those of no job, and of one that is over, are removed');
is((scalar grep { ::there($_) } @others), 3, 'those of others are not');
ok(::there($mine), 'nor that of a job that runs');
is(status_of('app1', $live)->{json}{status}, 'processing', 'which goes on');

::uproot(@others);
cancel_job('app1', $live);
finish('app1', $live);
is(containers(), 0, 'no container is left');



=== TEST 2: what an earlier nginx has left goes at the start
--- script
my $left = ::plant('pserver-' . '12' x 32, instance => ::instance(),
    job => '12' x 32);

open my $in, '<', server_root() . '/logs/nginx.pid';
chomp(my $pid = <$in>);
kill HUP => $pid;

ok((wait_for { !::there($left) } 20), 'removed');



=== TEST 3: a name that a create which was cut off has taken
--- config eval
config(pserver_engine => '/_engine/ jobs=1',
    pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
my $first = start_job('app1', fresh('ok'))->{json}{id};
ok(running('app1', $first), 'one runs');

my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. workers();
my %old = map { $_ => ::plant(::named($_), instance => ::instance()) } @ids;

cancel_job('app1', $first);

my $next = wait_for {
    (grep { status_of('app1', $_)->{json}{status} eq 'processing' } @ids)[0];
} 20;

ok($next, 'the next one runs');
ok(!::there($old{$next}), 'in a container of its own');

cancel_job('app1', $_) for @ids;
finish('app1', $_) for @ids;
::uproot(values %old);
is(containers(), 0, 'no container is left');



=== TEST 4: a network is one that has a name
--- config eval: config(pserver_operation => offers('word_count', network => 'host'))
--- script
--- must_die
--- error_log
has no or a bad "network"
