# The process is killed at each call by which a thread changes the disk, on
# the way from one data key of an owner to the next: the demand, the key, a
# write under it, what is there sealed again, the older key destroyed.  After
# each: every version opens and is what it was; and what was begun ends.
#
# workers: 1
#
# EACH is the step from one point to the next; 1: all of them, with a report.

use lib 't/lib';
use PServer;
use PServer::Fault;
use PServer::Store;

our $uri = '/v1/data/demo.turn';

sub folder { owner_dir('owner1') . '/' . shift }

# the generations in the plain part of the file of keys, and of sealed files

sub span {
    my ($version, @span) = unpack 'x8N x32 NN', slurp(folder('owner.key'));
    return $version == 1 ? '1 1' : "@span";
}

sub generations {
    my %all = map {
        my ($version, $generation) = unpack 'x8n x206 N', slurp($_);
        ($version == 1 ? 1 : $generation) => 1;
    } map { all_files(folder($_)) } qw( objects inputs jobs/crash );
    return join ' ', sort { $a <=> $b } keys %all;
}

# how often the log has something of the newest entries

sub logged {
    my $action = shift;
    my $log = get('owner1', '/v1/access-logs?limit=500')->{json}{logs};
    return scalar grep { $_->{action} eq $action } @$log;
}

# versions by their id that do not open with what was stored

sub wrong {
    my %stored = @_;

    return map {
        my $r = get('owner1', "$uri?fileId=$_");
        $r->{status} == 200 && $r->{json}{data}{n} == $stored{$_} ? ()
            : "$_: $r->{status} " . substr $r->{content}, 0, 100;
    } sort keys %stored;
}

# what is sealed elsewhere is a version's own text here, so that it can be
# read in that version's place afterwards

sub copies {
    my ($file) = sort { $a cmp $b } all_files(folder('objects'));

    mkdir folder($_) for qw( inputs jobs jobs/crash );
    system('cp', $file, folder("$_/")) == 0 or die for qw( inputs jobs/crash );

    return map { [ $file, folder("$_/") . $file =~ s{.*/}{}r ] }
        qw( inputs jobs/crash );
}

faults() ? run_tests() : pass('not under a sanitizer');

__DATA__

=== TEST 1: a new data key
--- timeout: 600
--- config eval
main::config(pserver_result_valid => '1s', pserver_engine => undef,
    pserver_operation => undef)
--- script
my ($generation, $k, $id) = (1, 0, 0);
my (%stored, $old, $new, $put, @copies, %logged);

my $send = sub {
    my $uri = "/v1/keys/$generation";
    my $renewed = http('PUT', $uri, { Authorization => $put }, '');
    my $stored = http('POST', $main::uri, { Authorization => $new->[1],
        'Content-Type' => 'application/json' }, $new->[0]);

    return { renewed => $renewed->{status}, stored => $stored->{status} };
};

my $ended = sub {
    main::span() eq "$generation $generation"
        && !-l main::folder('rotate');
};

at_each_point('a new key', sub {
    my $gone = auth('owner1', 'DELETE', $main::uri, undef, nonce => "$k");
    http('DELETE', $main::uri, { Authorization => $gone }) if $k;
    $id = 0;

    %stored = map {
        post('owner1', $main::uri, '{"n":' . ++$k . '}')->{status} == 201
            or die 'not stored';
        ++$id => $k;
    } 1 .. 2;
    @copies = main::copies();

    my $body = '{"n":' . ++$k . '}';
    $new = [ $body, auth('owner1', 'POST', $main::uri, $body) ];
    $generation++;
    $put = auth('owner1', 'PUT', "/v1/keys/$generation", '');
    %logged = map { $_ => main::logged($_) } qw( key_rotated keys_destroyed );

    return sub {
        my $answer = $send->();
        wait_for { died() || $ended->() } 20;
        return $answer;
    };
}, sub {
    my ($n, $answer) = @_;

    $stored{$id + 1} = $k if $answer->{stored} == 201;
    my @wrong = main::wrong(%stored);

    # once more, as who got no answer does

    my $again = $send->();
    $stored{++$id} = $k;

    push @wrong, "a repeat: $again->{renewed} $again->{stored}"
        if $again->{renewed} !~ /^20[01]$/ || $again->{stored} != 201;
    push @wrong, 'it has not ended: ' . main::span()
        if !wait_for { $ended->() } 20;
    push @wrong, 'older files: ' . main::generations()
        if main::generations() ne $generation;
    push @wrong, main::wrong(%stored);

    # what was sealed beside the versions opens as well

    for (@copies) {
        rename $_->[1], $_->[0] or die "$_->[1]: $!";
        push @wrong, main::wrong(%stored);
    }

    my $in_log = wait_for {
        !grep { main::logged($_) <= $logged{$_} } keys %logged;
    } 5;
    push @wrong, 'not in the log' if !$in_log;

    diag(join "\n", @wrong) if @wrong;
    return !@wrong;
}, each => 45, points => '
    flock /log/lock
    pwrite /log/log
    fdatasync /log/log
    flock(folder) /store/owners/X
    flock(folder) /store/owners/X/seen
    unlinkat /store/owners/X/rotate.new
    symlinkat /store/owners/X/rotate.new
    renameat /store/owners/X/rotate
    fsync(folder) /store/owners/X
    flock(folder) /store/owners/X/tmp
    openat /store/owners/X/.
    pwrite /store/owners/X/N (deleted)
    fsync /store/owners/X/N (deleted)
    unlinkat /store/owners/X/owner.key.new
    linkat /store/owners/X/owner.key.new
    renameat /store/owners/X/owner.key
    pwrite /store/owners/X/manifest
    fdatasync /store/owners/X/manifest
    openat /store/owners/X/tmp/.
    pwrite /store/owners/X/tmp/N (deleted)
    unlinkat /store/owners/X/seen/pending
    symlinkat /store/owners/X/seen/pending
    fsync(folder) /store/owners/X/seen
    fsync /store/owners/X/tmp/N (deleted)
    linkat /store/owners/X/objects/X/N
    fsync(folder) /store/owners/X/objects/X
    renameat /store/owners/X/seen/X-X
    linkat /store/owners/X/tmp/.X
    renameat /store/owners/X/objects/X/N
    renameat /store/owners/X/jobs/crash/N
    fsync(folder) /store/owners/X/jobs/crash
    renameat /store/owners/X/inputs/N
    fsync(folder) /store/owners/X/inputs
    unlinkat /store/owners/X/rotate
');
--- alerts_expected
