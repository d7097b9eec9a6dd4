#!/usr/bin/perl

# pserverctl try: the example operations over the example data, and images
# that don't do what they should, on the real engine.

use strict;
use warnings;

use File::Temp qw( tempdir );
use JSON::PP;
use Test::More;

my $ctl = './build/bin/pserverctl';
my $engine = $ENV{PSERVER_ENGINE};
my $examples = 'docker/examples';
my $export = "$examples/export.json";
my $dir = tempdir(CLEANUP => 1);

sub slurp {
    my ($name) = @_;

    open my $f, '<:raw', $name or die "$name: $!";
    local $/;
    return scalar <$f>;
}

sub put {
    my ($name, $text) = @_;

    open my $f, '>:raw', "$dir/$name" or die "$name: $!";
    print $f $text;
    close $f or die "$name: $!";

    return "$dir/$name";
}

# try(ARGUMENT..): status, stdout, stderr

sub try {
    my $status = system("$ctl try --engine '$engine' "
        . join(' ', map { "'$_'" } @_) . " > '$dir/out' 2> '$dir/err'");

    return ($status >> 8, slurp("$dir/out"), slurp("$dir/err"));
}

# containers that are labelled as such a try

sub left {
    return scalar grep { /pserverctl-try/ } split /(?=\{"Id")/,
        `curl -s --unix-socket '$engine' 'http://engine/containers/json?all=1'`;
}


# the examples

for my $name (qw( word_count search answer statistics )) {
    my $parameters = "$examples/$name.parameters.json";
    my ($status, $out, $err) = try((-e $parameters
        ? ('--parameters', $parameters) : ()), "pserver/$name", $export);

    is($status, 0, "$name runs") or diag $err;
    is_deeply(decode_json($out), decode_json(slurp(
        "$examples/$name.expected.json")), "$name: the expected result");
}

for (['answer', '{"question":"doctor","passages":21}'], ['answer', '{}'],
     ['search', '{"terms":[]}'], ['word_count', '{"top":101}'])
{
    my ($name, $parameters) = @$_;
    my ($status, $out, $err) = try('--parameters',
        put('parameters', $parameters), "pserver/$name", $export);

    is($status, 1, "$name refuses $parameters");
    is($out, '', 'no result');
    like($err, qr/ended with 2$/m, 'as bad parameters');
}

my ($status, $out, $err) = try('--parameters',
    put('parameters', '{"question":"Is there any zeppelin?"}'),
    'pserver/answer', $export);
is(decode_json($out)->{answer}, undef, 'nothing stands there: no answer');
is_deeply(decode_json($out)->{passages}, [], 'and no passage');

for my $name (qw( word_count answer statistics )) {
    ($status, $out, $err) = try('--parameters',
        put('parameters', '{"question":"doctor"}'), "pserver/$name",
        put('bad.json', '{"conversations":'));
    is($status, 1, "$name: half a file");
    like($err, qr/ended with 3$/m, 'is bad data');
}


# an image of one's own

($status, $out, $err) = try('--parameters', put('parameters', '{"a":[1]}'),
    'pserver/template', $export, put('x.bin', 'x' x 5));
is($status, 0, 'the template') or diag $err;
is_deeply(decode_json($out), { operation => 'try', parameters => { a => [1] },
    bytes => { 1 => -s $export, 2 => 5 } }, 'gets files and parameters');


# artifacts

mkdir "$dir/artifacts" or die;
($status, $out, $err) = try('--output', "$dir/artifacts", 'pserver/word_count',
    $export);
is($status, 0, 'an artifact');
like($err, qr/and 1 files in /, 'is counted');
like(slurp("$dir/artifacts/by_month.csv"), qr/^2024-01,142,2501\r$/m,
    'and in the folder');


# what goes wrong is said, and no container stays

for (['exit', qr/^out of exit\nerr of exit\n.*ended with 3$/m], ['notjson', qr/is no JSON object/],
     ['noresult', qr/there is no .*result\.json/],
     ['badout', qr/something in \/job\/out/],
     ['oom', qr/killed, for memory|without a result/])
{
    my ($name, $said) = @$_;

    ($status, $out, $err) = try('--memory', 16, "pserver/test_$name", $export);

    is($status, 1, "$name fails");
    is($out, '', "$name: no result");
    like($err, $said, "$name: why");
}

($status, $out, $err) = try('--timeout', 1, 'pserver/test_sleep', $export);
is($status, 1, 'silence');
like($err, qr/nothing came for 1 s/, 'is not waited for longer');

($status, $out, $err) = try('pserver/none', $export);
is($status, 1, 'no such image');
like($err, qr/the engine answered 404: no such image/i, 'says the engine');

($status, $out, $err) = try('--engine=/nowhere', 'pserver/none');
is($status, 2, 'an option twice');

($status, $out, $err) = try('pserver/word_count', "$dir/none");
is($status, 1, 'no such file');
like($err, qr/none: No such file/, 'is named');

is(left(), 0, 'no container is left');

done_testing();
