#!/usr/bin/perl

# container.pl BODY FILE ROUNDS: the way of word_count over FILE through the
# engine at $PSERVER_ENGINE, with nothing around it: create (from BODY),
# attach, start, feed, read, wait, remove.  Prints milliseconds, a line each.

use strict;
use warnings;

use FindBin qw( $Bin );
use lib "$Bin/../lib";

use DockerEngine;
use Time::HiRes qw( time );

my ($create, $data, $rounds) = @ARGV;

sub slurp {
    open my $f, '<:raw', $_[0] or die "$_[0]: $!\n";
    local $/;
    return scalar <$f>;
}

my $engine = bless { sock => $ENV{PSERVER_ENGINE}, pid => $$ },
    'DockerEngine';

my $body = slurp($create);
my $input = DockerEngine::input(8 << 20, DockerEngine::archive(
    'operation.json', '{"operation":"word_count","parameters":{},"files":'
        . '[{"id":"1","path":"data/1.json","mime":"application/json"}]}',
    'data/1.json', slurp($data)));

sub call {
    my ($expected, @request) = @_;
    my ($status, $text, $json) = $engine->call(@request);

    $status == $expected or die "@request[0, 1]: $status $text\n";
    return $json;
}

for (1 .. $rounds) {
    my $since = time;
    my $id = call(201, 'POST', '/containers/create', $body)->{Id};
    my $tunnel = $engine->attach($id);

    call(204, 'POST', "/containers/$id/start");

    my ($out) = DockerEngine::talk($tunnel, $input);
    my $result = DockerEngine::output($out);

    call(200, 'POST', "/containers/$id/wait");
    call(204, 'DELETE', "/containers/$id?v=1");

    die "no result\n" if !$result->{files}{'result.json'};
    printf "%.1f\n", 1000 * (time - $since);
}
