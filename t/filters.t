# Data minimisation: an operation sees what the grant's filters leave of a
# file, and nothing runs where they can't be applied.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;

our $data = config(pserver_operation => offers('test_data'));
our $small = config(pserver_operation => offers('test_data', input => '100'));

# a permission for the files of these names with these filters; its id

sub filtered {
    my ($filters, @files) = @_;
    my $text = json({ grantee => wallet('app1')->{address},
        operation => 'word_count', parameters => { filters => $filters } });
    my $file = test_dir() . '/ipfs/new';

    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out;

    my $cid = chain('cid', $file)->{cid};
    rename $file, test_dir() . "/ipfs/$cid" or die $!;

    return chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
        "ipfs://$cid", map { file_id($_) } @files)->{permissionId};
}

# what the operation saw: { path => content }; or why it was not accepted

sub seen {
    my $a = start_job('app1', fresh(shift));

    return "$a->{status} $a->{json}{detail}{error_code}"
        if $a->{status} != 202;

    return seen_by($a->{json}{id});
}

our $messages = file_id('messages');
our $path = "data/$messages.json";
our $refused = '400 VALIDATION_ERROR_FILTERS';

our $text = '{"messages": [{"text": "one", "n": 1.50}, {"text": "two"}],'
    . ' "secret": "s3cret"}';

run_tests();

__DATA__

=== TEST 1: what is left
--- config eval: $::data
--- script
is(store_data('owner1', 'demo.messages', $::text)->{status}, 201, 'stored');

for ([ '$.messages[*].text', '["one","two"]' ],
     [ '$.messages[0]', '{"text":"one","n":1.50}' ],
     [ 'messages[?@.n].n', '1.50' ],
     [ '$.nothing', '[]' ],
     [ '$', '{"messages":[{"text":"one","n":1.50},{"text":"two"}],'
       . '"secret":"s3cret"}' ])
{
    my ($filter, $left) = @$_;

    is_deeply(::seen(::filtered({ $::messages => $filter }, 'messages')),
        { $::path => $left }, $filter);
}

is_deeply(::seen(permission('ok')), { $::path => $::text },
    'without a filter the file as it is');



=== TEST 2: what can't be applied
--- config eval: $::data
--- script
is(::seen(::filtered({ $::messages => $_ }, 'messages')), $::refused, $_)
    for '', '$.messages[', '$..[?count(1) == 1]', '$[?@ =~ /a/]',
        '$' . '.a' x 3000;

# a file that is not one of the permission's; not its number, but one that
# could be taken for it

is(::seen(::filtered({ $_ => '$' }, 'messages')), $::refused, "a key: $_")
    for file_id('notes'), 0, "0$::messages", " $::messages",
        sprintf('0x%x', $::messages), '*', '';

my $rows = rows();

is(::seen(::filtered({ $::messages => '$', 999999 => '$' }, 'messages')),
    $::refused, 'one of two');
is(rows(), $rows, 'no row');



=== TEST 3: a file that is not JSON, or has become so
--- config eval: $::data
--- script
my $id = ::filtered({ $::messages => '$.messages' }, 'messages');
my $uri = '/v1/data/demo.messages';

my $binary = sub {
    my $body = shift;

    return http('POST', $uri, { 'Content-Type' => 'text/plain',
        Authorization => web3signed('owner1', 'POST', $uri, $body) },
        $body)->{status};
};

is($binary->('{"messages": [1'), 201, 'half of it');
is(::seen($id), $::refused, 'is not cut down');

is($binary->('{"messages": 1, "messages": 2}'), 201, 'twice the same');
is(::seen($id), $::refused, 'is not cut down');

is($binary->('{"messages": 7}'), 201, 'JSON of another name');
is_deeply(::seen($id), { $::path => '7' }, 'is cut down as JSON');

is(store_data('owner1', 'demo.messages', '{"deep":' . '[' x 200 . ']' x 200
    . '}')->{status}, 201, 'deep');
is(::seen($id), $::refused, 'deeper than is looked into');

is(store_data('owner1', 'demo.messages', $::text)->{status}, 201, 'again');



=== TEST 4: what it makes of a file counts
--- config eval: $::small
--- script
is_deeply(::seen(::filtered({ $::messages => '$.messages[0].text' },
    'messages')), { $::path => '"one"' }, 'less');
is(::seen(::filtered({ $::messages => '$[' . "'secret'," x 20 . "'secret']" },
    'messages')), $::refused, 'more than may go in');
