# A job for each attack, against the real engine: what the attacker got,
# how the job ended, and that the next one runs as if nothing had been.
# What a container can do with its output that is not from pserver-run is in
# t/artifacts.t.  make gvisor and make userns run it with other walls.
#
# workers: 1

use lib 't/lib';
use PServer;
use PServer::Jobs;

# Where another wall has it otherwise.  Under gVisor these reach a kernel of
# the container's own, which is gone with it, and no device of the machine:
# a program from /job is one program more of who had one; pserver-run, in the
# same container, is not kept from its command, which could not say more on
# its stdout than an image without pserver-run could, see t/artifacts.t.

our %other = ($ENV{PSERVER_RUNTIME} || '') eq 'runsc' ? map { $_ => 1 } qw(
    oom_adj priority node fuse tun program kill
    run_maps run_stdout run_stdin run_environ ) : ();

sub attack {
    my ($name, %parameters) = @_;

    return start_job('app1', { %{fresh('ok')},
        parameters => { attack => $name, %parameters } })->{json}{id};
}

# the names of what went through, of a result's { name => 0 or 1 }

sub gains {
    my $s = shift;
    my %got = %{$s->{json}{result} || {}};

    return join ' ', grep { $got{$_} && !$::other{$_} } sort keys %got;
}

sub slurp_of {
    return join '', map { my $f = $_; open my $in, '<', $f or die "$f: $!";
        local $/; <$in> } @_;
}

# what a write that got out would have changed

sub kernel {
    return slurp_of(grep { -e } map { "/proc/sys/kernel/$_" }
        qw( core_pattern modprobe hostname ));
}

run_tests();

__DATA__

=== TEST 1: the data
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');



=== TEST 2: what is asked of the kernel and of pserver-run
--- config eval: config(pserver_operation => offers('test_calls'))
--- script
my $before = ::kernel();
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});

is($s->{json}{status}, 'succeeded', 'it ended by itself')
    or diag($s->{content});
is(delete $s->{json}{result}{over}, 1, 'all was tried');
cmp_ok(scalar keys %{$s->{json}{result}}, '>', 100, 'which is a lot');
is(::gains($s), '', 'got nothing');
is(::kernel(), $before, 'nor changed anything');
is(containers(), 0, 'no container is left');



=== TEST 3: what is asked of the network; a fork bomb; process 1 is killed
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m'))
--- script
my %id = map { $_ => attack($_) } qw( network forks kill );

# pserver-run is process 1; in gVisor that is a process like others, and
# processes are its own threads: without more of them it ends as a whole

my %ends = map { $_ => 1 } $::other{kill} ? qw( kill forks ) : ();

for my $name (sort keys %id) {
    my $s = finish('app1', $id{$name});

    if ($ends{$name}) {
        is($s->{json}{status}, 'failed', "$name: failed");
        is($s->{json}{result}{error}{reason}, 'exit', "$name: why");
        next;
    }

    is($s->{json}{status}, 'succeeded', "$name: it ended by itself")
        or diag($s->{content});
    is(delete $s->{json}{result}{over}, 1, "$name: all was tried");
    is(::gains($s), '', "$name: got nothing");
}

is(containers(), 0, 'no container is left');



=== TEST 4: what it takes of memory, inodes, output and time
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m', timeout => '4s'))
--- script
my %reason = (memory => 'oom|exit', files => 'exit',
    fills => 'exit', artifacts => 'exit|oom',
    flood => 'timeout', deaf => 'timeout');
my %id = map { $_ => attack($_) } sort keys %reason;

for my $name (sort keys %id) {
    my $s = finish('app1', $id{$name});
    my $error = $s->{json}{result}{error} || {};

    # they are stopped by what a file system takes, or by the memory

    if ($name =~ /^fil/ && $s->{json}{status} eq 'succeeded') {
        is(delete $s->{json}{result}{over}, 1, "$name: all was tried");
        is(::gains($s), '', "$name: got nothing");
        next;
    }

    is($s->{json}{status}, 'failed', "$name: failed") or diag($s->{content});
    like($error->{reason}, qr/^(?:$reason{$name}|oom|timeout)$/,
        "$name: its reason");
}

is(containers(), 0, 'no container is left');



=== TEST 5: a command that hears no signal is stopped all the same
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m', timeout => '20s'))
--- script
my $id = attack('deaf');

ok(running('app1', $id), 'it runs');

my $since = time;

is(cancel_job('app1', $id)->{status}, 204, 'canceled');
is(finish('app1', $id)->{json}{status}, 'canceled', 'it ends');

my $gone = wait_for { !(() = containers()) } 5;

ok($gone, 'its container is gone');
cmp_ok(time - $since, '<=', 3, 'soon');



=== TEST 6: output that looks like frames of the engine is output
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m'))
--- script
my $s = finish('app1', attack('frames'));

is_deeply($s->{json}{result}, { frames => 0, over => 1 }, 'its own result')
    or diag($s->{content});



=== TEST 7: what it leaves in out/
--- config eval
config(pserver_operation => offers('test_litter', parameters => 'litter',
    output => '1m', timeout => '60s'))
--- script
my $good = { is => 'good' };

# artifacts beside the good result, or the reason of the failure

my %ends = ((map { $_ => 'exit' } qw( symlink folder_link dangling result_link
        out_link out_gone out_file out_closed result_folder fifo socket
        newline control not_utf8 overlong backslash quote long deep many
        folders closed )),
    (map { $_ => 'output_limit' } qw( sparse largest )),
    (map { $_ => 'a' } qw( hard_link setuid )));

my %id = map {
    $_ => start_job('app1', { %{fresh('ok')},
        parameters => { litter => $_ } })->{json}{id}
} keys %ends, qw( swap attributes nothing );

for my $name (sort keys %ends) {
    my $s = finish('app1', $id{$name}, 90);
    my $list = http('POST', "/api/v1/artifacts/$id{$name}/list", {},
        json({ operation_id => $id{$name}, signature => sign_text('app1',
            qq({"operation_id":"$id{$name}"})) }));
    my @artifacts = map { $_->{path} } @{$list->{json}{artifacts}};

    if (length $ends{$name} == 1) {
        is_deeply($s->{json}{result}, $good, "$name: the result")
            or diag($s->{content});
        is("@artifacts", 'a', "$name: a plain file");
        next;
    }

    is($s->{json}{status}, 'failed', "$name: failed");
    is($s->{json}{result}{error}{reason}, $ends{$name}, "$name: why");
    is("@artifacts", '', "$name: nothing comes out");
}

# as it is when nobody is left to change it: a file, or a link

my $s = finish('app1', $id{swap});

like($s->{content}, qr/"(?:is":"good|reason":"exit)"/, 'swap: one of two');
# of a file, and as much as the kernel has memory for

$s = finish('app1', $id{attributes});

like($s->{content}, qr/"(?:is":"good|reason":"(?:oom|exit))"/,
    'attributes: one of two');
is_deeply(finish('app1', $id{nothing})->{json}{result}, $good, 'nothing');
is(containers(), 0, 'no container is left');



=== TEST 8: after all this the next job runs, and reads its own data
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});

is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');
is(containers(), 0, 'no container is left');
