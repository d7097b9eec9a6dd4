// SPDX-License-Identifier: BSD-2-Clause
pragma solidity ^0.8.24;


/// Files: whose they are, where they lie, and who holds a key to them.
///
/// For development and tests; selectors and structs are those of the
/// deployed contract. One URL may be registered more than once.

contract DataRegistry {

    struct Permission {
        address account;
        string key;
    }

    /// In storage id stays zero: it is filled in when the record is read,
    /// also for a record that does not exist.
    struct FileInfo {
        uint256 id;
        address ownerAddress;
        string url;
        uint256 schemaId;
        uint256 addedAtBlock;
    }

    event FileAdded(
        uint256 indexed fileId, address indexed ownerAddress, string url
    );
    event PermissionGranted(uint256 indexed fileId, address indexed account);

    error NotFileOwner();

    uint256 public filesCount;

    mapping(uint256 => FileInfo) private _files;

    /// The file's key for an account: hex of an ECIES box, "" = none.
    mapping(uint256 => mapping(address => string)) public filePermissions;


    function files(uint256 fileId)
        external
        view
        returns (FileInfo memory info)
    {
        info = _files[fileId];
        info.id = fileId;
    }


    function addFile(string calldata url) external returns (uint256) {
        return _addFile(url, msg.sender);
    }


    function addFileWithPermissions(
        string calldata url,
        address ownerAddress,
        Permission[] calldata permissions
    )
        external
        returns (uint256 fileId)
    {
        fileId = _addFile(url, ownerAddress);

        for (uint256 i = 0; i < permissions.length; i++) {
            _addPermission(fileId, permissions[i].account, permissions[i].key);
        }
    }


    function addFilePermission(
        uint256 fileId,
        address account,
        string calldata key
    )
        external
    {
        if (_files[fileId].ownerAddress != msg.sender) {
            revert NotFileOwner();
        }

        _addPermission(fileId, account, key);
    }


    function _addFile(string calldata url, address ownerAddress)
        private
        returns (uint256 fileId)
    {
        fileId = ++filesCount;

        FileInfo storage f = _files[fileId];
        f.ownerAddress = ownerAddress;
        f.url = url;
        f.addedAtBlock = block.number;

        emit FileAdded(fileId, ownerAddress, url);
    }


    function _addPermission(
        uint256 fileId,
        address account,
        string calldata key
    )
        private
    {
        filePermissions[fileId][account] = key;

        emit PermissionGranted(fileId, account);
    }
}
