# run by scripts/asan: the request makes the fault that PLANT names

use lib 't/lib';

BEGIN {
    (my $plant = $ENV{PSERVER_MODULE}) =~ s/pserver/plant/;
    $ENV{PSERVER_MODULE} = $plant;
}

use PServer;

run_tests();

__DATA__

=== TEST 1: a fault
--- http_config
--- config
location = /plant { plant; }
--- request eval
"GET /plant?$ENV{PLANT}"
--- error_code_like: ^(204|)$
--- alerts_expected
