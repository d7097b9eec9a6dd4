#!/usr/bin/perl

# run.pl SUITE.t...: prove, but with the closing line of the other runners,
# and no suite runs longer than SUITE_TIMEOUT (600 s)

use strict;
use warnings;

use FindBin qw( $Bin );
use TAP::Harness;

my $timeout = $ENV{SUITE_TIMEOUT} || 600;

$ENV{PERL5LIB} = join ':', $Bin, "$Bin/../../build/test-nginx/usr/share/perl5",
    grep { defined } $ENV{PERL5LIB};

my $harness = TAP::Harness->new({
    verbosity => $ENV{VERBOSE} ? 1 : 0,
    timer     => 1,
    failures  => 1,
    errors    => 1,
    color     => 0,
    merge     => 1,
    exec      => sub { [ 'timeout', '-k', '10', $timeout, 'perl', $_[1] ] },
});

my $sum = $harness->runtests(sort @ARGV);
my ($passed, $failed) = (0, 0);

for my $parser ($sum->parsers) {
    $passed += $parser->actual_passed;

    my $bad = $parser->actual_failed;

    # a suite that broke off counts, whatever had passed
    $bad ||= 1 if $parser->has_problems;
    $failed += $bad;
}

print "$passed passed, $failed failed\n";

exit($failed || !$passed ? 1 : 0);
