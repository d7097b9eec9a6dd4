// SPDX-License-Identifier: BSD-2-Clause
pragma solidity ^0.8.24;

import {DataPortabilityGrantees} from "./DataPortabilityGrantees.sol";


/// Permissions: what one grantee may do with some files of one grantor.
///
/// For development and tests. Selectors, structs, events, EIP-712 types and
/// what reverts are those of the deployed contract. It is laxer in one thing:
/// it does not ask the registry who owns a file, so that a server's own check
/// can be tested with ordinary transactions.

contract DataPortabilityPermissions {

    struct PermissionInput {
        uint256 nonce;
        uint256 granteeId;
        string grant;
        uint256[] fileIds;
    }

    struct RevokePermissionInput {
        uint256 nonce;
        uint256 permissionId;
    }

    /// In storage id stays zero: it is filled in when the record is read,
    /// also for a record that does not exist.
    struct PermissionInfo {
        uint256 id;
        address grantor;
        uint256 nonce;
        uint256 granteeId;
        string grant;
        uint256 startBlock;
        uint256 endBlock;
        uint256[] fileIds;
    }

    event PermissionAdded(
        uint256 indexed permissionId,
        address indexed user,
        uint256 indexed granteeId,
        string grant,
        uint256[] fileIds
    );
    event PermissionRevoked(uint256 indexed permissionId);

    error InvalidNonce(uint256 expectedNonce, uint256 providedNonce);
    error InvalidSignature();
    error EmptyGrant();
    error GranteeNotFound();
    error InactivePermission(uint256 permissionId);
    error NotPermissionGrantor(address permissionOwner, address requestor);

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,"
        "address verifyingContract)"
    );
    bytes32 private constant PERMISSION_TYPEHASH = keccak256(
        "Permission(uint256 nonce,uint256 granteeId,string grant,"
        "uint256[] fileIds)"
    );
    bytes32 private constant REVOKE_TYPEHASH = keccak256(
        "RevokePermission(uint256 nonce,uint256 permissionId)"
    );

    /// Half the order of secp256k1: a higher s is the same signature again.
    uint256 private constant MAX_S =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    DataPortabilityGrantees public immutable dataPortabilityGrantees;

    uint256 public permissionsCount;

    /// The next nonce that a grantor signs; adding and revoking share it.
    mapping(address => uint256) public userNonce;

    mapping(uint256 => PermissionInfo) private _permissions;


    constructor(DataPortabilityGrantees grantees) {
        dataPortabilityGrantees = grantees;
    }


    function permissions(uint256 permissionId)
        external
        view
        returns (PermissionInfo memory info)
    {
        info = _permissions[permissionId];
        info.id = permissionId;
    }


    /// The signer becomes the grantor; anybody may submit.
    function addPermission(
        PermissionInput calldata input,
        bytes calldata signature
    )
        external
        returns (uint256 permissionId)
    {
        address signer = _signer(
            keccak256(
                abi.encode(
                    PERMISSION_TYPEHASH,
                    input.nonce,
                    input.granteeId,
                    keccak256(bytes(input.grant)),
                    keccak256(abi.encodePacked(input.fileIds))
                )
            ),
            signature
        );

        _useNonce(signer, input.nonce);

        if (bytes(input.grant).length == 0) {
            revert EmptyGrant();
        }

        if (input.granteeId == 0
            || input.granteeId > dataPortabilityGrantees.granteesCount())
        {
            revert GranteeNotFound();
        }

        permissionId = ++permissionsCount;

        PermissionInfo storage p = _permissions[permissionId];
        p.grantor = signer;
        p.nonce = input.nonce;
        p.granteeId = input.granteeId;
        p.grant = input.grant;
        p.startBlock = block.number;
        p.endBlock = type(uint256).max;
        p.fileIds = input.fileIds;

        dataPortabilityGrantees.addPermissionToGrantee(
            input.granteeId, permissionId
        );

        emit PermissionAdded(
            permissionId, signer, input.granteeId, input.grant, input.fileIds
        );
    }


    function revokePermission(uint256 permissionId) external {
        _revoke(permissionId, msg.sender);
    }


    /// The grantor signed; anybody may submit.
    function revokePermissionWithSignature(
        RevokePermissionInput calldata input,
        bytes calldata signature
    )
        external
    {
        address signer = _signer(
            keccak256(
                abi.encode(REVOKE_TYPEHASH, input.nonce, input.permissionId)
            ),
            signature
        );

        _useNonce(signer, input.nonce);
        _revoke(input.permissionId, signer);
    }


    function _revoke(uint256 permissionId, address signer) private {
        PermissionInfo storage p = _permissions[permissionId];

        if (p.grantor != signer) {
            revert NotPermissionGrantor(p.grantor, signer);
        }

        if (p.endBlock != type(uint256).max) {
            revert InactivePermission(permissionId);
        }

        p.endBlock = block.number;

        dataPortabilityGrantees.removePermissionFromGrantee(
            p.granteeId, permissionId
        );

        emit PermissionRevoked(permissionId);
    }


    function _useNonce(address signer, uint256 nonce) private {
        uint256 expected = userNonce[signer];

        if (nonce != expected) {
            revert InvalidNonce(expected, nonce);
        }

        userNonce[signer] = expected + 1;
    }


    /// EIP-712; v is 27 or 28, s is low.
    function _signer(bytes32 structHash, bytes calldata signature)
        private
        view
        returns (address signer)
    {
        if (signature.length != 65) {
            revert InvalidSignature();
        }

        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256("VanaDataPortabilityPermissions"),
                keccak256("1"),
                block.chainid,
                address(this)
            )
        );
        bytes32 digest = keccak256(
            abi.encodePacked("\x19\x01", domain, structHash)
        );
        bytes32 s = bytes32(signature[32:64]);

        if (uint256(s) > MAX_S) {
            revert InvalidSignature();
        }

        signer = ecrecover(
            digest, uint8(signature[64]), bytes32(signature[:32]), s
        );

        if (signer == address(0)) {
            revert InvalidSignature();
        }
    }
}
