// SPDX-License-Identifier: BSD-2-Clause
pragma solidity ^0.8.24;


/// Servers: the keys that personal servers act with, and who trusts them.
///
/// For development and tests; the views' selectors, structs and reverts are
/// those of the deployed contract. Its signed calls are left out: an owner
/// sends a transaction instead.

contract DataPortabilityServers {

    struct ServerInfo {
        uint256 id;
        address owner;
        address serverAddress;
        string publicKey;
        string url;
    }

    struct TrustedServerInfo {
        uint256 id;
        address owner;
        address serverAddress;
        string publicKey;
        string url;
        uint256 startBlock;
        uint256 endBlock;
    }

    struct AddServerInput {
        address serverAddress;
        string publicKey;
        string serverUrl;
    }

    /// Both zero: never trusted.
    struct Trust {
        uint256 startBlock;
        uint256 endBlock;
    }

    event ServerRegistered(
        uint256 indexed serverId,
        address indexed owner,
        address indexed serverAddress,
        string publicKey,
        string url
    );
    event ServerTrusted(address indexed user, uint256 indexed serverId);
    event ServerUntrusted(address indexed user, uint256 indexed serverId);

    error EmptyUrl();
    error ZeroAddress();
    error EmptyPublicKey();
    error ServerNotFound();
    error ServerAlreadyRegistered();
    error ServerNotTrusted();
    error ServerAlreadyUntrusted();

    uint256 public serversCount;

    /// Zero: not registered.
    mapping(address => uint256) public serverAddressToId;

    mapping(uint256 => ServerInfo) private _servers;
    mapping(address => mapping(uint256 => Trust)) private _trusted;


    function serverByAddress(address serverAddress)
        external
        view
        returns (ServerInfo memory)
    {
        return _servers[serverAddressToId[serverAddress]];
    }


    /// Once trusted, a record stays: after the end, endBlock says when.
    function userServers(address userAddress, uint256 serverId)
        external
        view
        returns (TrustedServerInfo memory)
    {
        ServerInfo storage s = _servers[serverId];
        Trust storage t = _trusted[userAddress][serverId];

        if (t.endBlock == 0) {
            revert ServerNotTrusted();
        }

        return TrustedServerInfo(
            serverId,
            s.owner,
            s.serverAddress,
            s.publicKey,
            s.url,
            t.startBlock,
            t.endBlock
        );
    }


    function addAndTrustServer(AddServerInput calldata input)
        external
        returns (uint256 serverId)
    {
        if (bytes(input.publicKey).length == 0) {
            revert EmptyPublicKey();
        }

        if (bytes(input.serverUrl).length == 0) {
            revert EmptyUrl();
        }

        if (input.serverAddress == address(0)) {
            revert ZeroAddress();
        }

        if (serverAddressToId[input.serverAddress] != 0) {
            revert ServerAlreadyRegistered();
        }

        serverId = ++serversCount;
        serverAddressToId[input.serverAddress] = serverId;

        _servers[serverId] = ServerInfo(
            serverId,
            msg.sender,
            input.serverAddress,
            input.publicKey,
            input.serverUrl
        );

        emit ServerRegistered(
            serverId,
            msg.sender,
            input.serverAddress,
            input.publicKey,
            input.serverUrl
        );

        trustServer(serverId);
    }


    /// Also starts an ended trust anew.
    function trustServer(uint256 serverId) public {
        if (serverId == 0 || serverId > serversCount) {
            revert ServerNotFound();
        }

        _trusted[msg.sender][serverId] = Trust(
            block.number, type(uint256).max
        );

        emit ServerTrusted(msg.sender, serverId);
    }


    function untrustServer(uint256 serverId) external {
        Trust storage t = _trusted[msg.sender][serverId];

        if (t.endBlock == 0) {
            revert ServerNotTrusted();
        }

        if (t.endBlock != type(uint256).max) {
            revert ServerAlreadyUntrusted();
        }

        t.endBlock = block.number;

        emit ServerUntrusted(msg.sender, serverId);
    }
}
