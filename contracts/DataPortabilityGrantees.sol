// SPDX-License-Identifier: BSD-2-Clause
pragma solidity ^0.8.24;


/// Grantees: the apps that permissions can be given to. Open to anyone.
///
/// For development and tests; selectors, structs and what reverts are those
/// of the deployed contract.

contract DataPortabilityGrantees {

    struct GranteeInfo {
        address owner;
        address granteeAddress;
        string publicKey;
        uint256[] permissionIds;
    }

    struct GranteeInfoV2 {
        address owner;
        address granteeAddress;
        string publicKey;
        uint256 permissionsCount;
    }

    event GranteeRegistered(
        uint256 indexed granteeId,
        address indexed owner,
        address indexed granteeAddress,
        string publicKey
    );

    error ZeroAddress();
    error EmptyPublicKey();
    error GranteeAlreadyRegistered();
    error NotPermissionsContract();

    /// The only caller that may note permissions.
    address public immutable permissionsContract;

    uint256 public granteesCount;

    /// Zero: not registered.
    mapping(address => uint256) public granteeAddressToId;

    mapping(uint256 => GranteeInfo) private _grantees;

    /// Place of a permission in its grantee's list, from 1.
    mapping(uint256 => uint256) private _places;


    modifier onlyPermissions() {
        if (msg.sender != permissionsContract) {
            revert NotPermissionsContract();
        }
        _;
    }


    constructor(address permissions) {
        permissionsContract = permissions;
    }


    function registerGrantee(
        address owner,
        address granteeAddress,
        string calldata publicKey
    )
        external
        returns (uint256 granteeId)
    {
        if (owner == address(0) || granteeAddress == address(0)) {
            revert ZeroAddress();
        }

        if (bytes(publicKey).length == 0) {
            revert EmptyPublicKey();
        }

        if (granteeAddressToId[granteeAddress] != 0) {
            revert GranteeAlreadyRegistered();
        }

        granteeId = ++granteesCount;
        granteeAddressToId[granteeAddress] = granteeId;

        GranteeInfo storage g = _grantees[granteeId];
        g.owner = owner;
        g.granteeAddress = granteeAddress;
        g.publicKey = publicKey;

        emit GranteeRegistered(granteeId, owner, granteeAddress, publicKey);
    }


    /// Carries every active permission id: the answer has no bound.
    function grantees(uint256 granteeId)
        external
        view
        returns (GranteeInfo memory)
    {
        return _grantees[granteeId];
    }


    function granteesV2(uint256 granteeId)
        external
        view
        returns (GranteeInfoV2 memory)
    {
        GranteeInfo storage g = _grantees[granteeId];

        return GranteeInfoV2(
            g.owner, g.granteeAddress, g.publicKey, g.permissionIds.length
        );
    }


    function addPermissionToGrantee(uint256 granteeId, uint256 permissionId)
        external
        onlyPermissions
    {
        uint256[] storage ids = _grantees[granteeId].permissionIds;

        ids.push(permissionId);
        _places[permissionId] = ids.length;
    }


    /// The last of the list takes the place of the removed one.
    function removePermissionFromGrantee(
        uint256 granteeId,
        uint256 permissionId
    )
        external
        onlyPermissions
    {
        uint256[] storage ids = _grantees[granteeId].permissionIds;
        uint256 place = _places[permissionId];
        uint256 last = ids[ids.length - 1];

        ids[place - 1] = last;
        _places[last] = place;

        ids.pop();
        delete _places[permissionId];
    }
}
