#!/usr/bin/perl

# scripts/quickstart, whole: once with a wrong expectation, where it has to
# fail, and once as it is.  On the engine of the run; ports from PORT + 30.

use strict;
use warnings;

use FindBin qw( $Bin );
use JSON::PP;
use Test::More;

chdir "$Bin/.." or die $!;

my $folder = 'build/t-quickstart';

$ENV{PORT} = ($ENV{PORT} || 19840) + 30;
$ENV{STATE} = $folder;
$ENV{PSERVER_DOCKER} = "unix://$ENV{PSERVER_ENGINE}" if $ENV{PSERVER_ENGINE};


sub slurp {
    my ($name) = @_;

    open my $f, '<', $name or return '';
    local $/;

    return scalar <$f>;
}


sub quickstart {
    my (@args) = @_;

    my $out = `scripts/quickstart @args 2>&1 < /dev/null`;

    return ($? >> 8, $out);
}


{
    local $ENV{EXPECTED} = 'docker/examples/search.expected.json';

    my ($status, $out) = quickstart();

    is($status, 1, 'another result than expected fails');
    like($out, qr/NOT AS PROMISED: the result is not that of/, 'and says so');
    ok(! -e "$folder.json", 'without a file of figures');
}

my ($status, $out) = quickstart();

is($status, 0, 'everything is as promised') or diag($out);

my $got = eval { decode_json(slurp("$folder.json")) } || {};
my $expected
    = decode_json(slurp('docker/examples/word_count.expected.json'));

is($got->{operation}{status}, 'succeeded', 'the operation');
is_deeply($got->{operation}{result}, $expected, 'and its result');
is($got->{stranger}, 401, 'the stranger');
is($got->{revoked}, 403, 'after the revocation');
cmp_ok($got->{revocation_seconds}, '<', 10, 'which is seen in time');
is($got->{plaintext_found}, 0, 'no plaintext');
is($got->{containers_left}, 0, 'no container');
cmp_ok($got->{log_entries}, '>=', 8, 'entries in the log');
cmp_ok($got->{operation_ms}, '>', 0, 'the time of the operation');

my ($pid) = slurp("$folder/nginx/nginx.pid") =~ /(\d+)/;

ok($pid && -e "/proc/$pid", 'nginx runs');
is((quickstart('stop'))[0], 0, 'stop');
ok(! -e "/proc/$pid", 'and it does not');

done_testing();
