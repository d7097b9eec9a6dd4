// SPDX-License-Identifier: BSD-2-Clause
pragma solidity ^0.8.24;


/// Anchors: the roots of append-only logs, put where nobody can take them
/// back. For real use.
///
/// A log is named by the account that anchors it and an id of that account's
/// choice, so nobody can write into another's log and there is nothing to
/// administer. What the contract promises: of one log, a later anchor is
/// always of more entries than an earlier one. Whether the later log contains
/// the earlier one is shown off chain, by a consistency proof (RFC 6962)
/// between the two roots. The history of a log is its Anchored events.

contract AuditAnchor {

    struct Anchor {
        uint64 size;            // entries in the tree; 0: never anchored
        uint64 blockNumber;     // when it was anchored
        uint64 timestamp;       // the same, unix seconds
        bytes32 root;           // hash of the tree's head
    }

    event Anchored(
        address indexed sender,
        bytes32 indexed logId,
        uint64 size,
        bytes32 root
    );

    /// size must be above anchoredSize.
    error NotGrown(uint64 anchoredSize, uint64 size);

    mapping(address => mapping(bytes32 => Anchor)) private _anchors;


    /// Zeros for a log that has no anchor.
    function latest(address sender, bytes32 logId)
        external
        view
        returns (Anchor memory)
    {
        return _anchors[sender][logId];
    }


    function anchor(bytes32 logId, uint64 size, bytes32 root) external {
        Anchor storage a = _anchors[msg.sender][logId];

        if (size <= a.size) {
            revert NotGrown(a.size, size);
        }

        a.size = size;
        a.blockNumber = uint64(block.number);
        a.timestamp = uint64(block.timestamp);
        a.root = root;

        emit Anchored(msg.sender, logId, size, root);
    }
}
