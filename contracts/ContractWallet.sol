// SPDX-License-Identifier: BSD-2-Clause
pragma solidity ^0.8.24;


/// An account that is a contract (ERC-1271): all of its owners sign, in their
/// order, 65 bytes each.
///
/// For development and tests, also as the code that an externally owned
/// account delegates to (EIP-7702): such an account sets its owners itself.

contract ContractWallet {

    address[] public owners;

    error NotAllowed();


    constructor(address[] memory owners_) {
        owners = owners_;
    }


    function setOwners(address[] calldata owners_) external {
        if (msg.sender != address(this) && !isOwner(msg.sender)) {
            revert NotAllowed();
        }

        owners = owners_;
    }


    function isOwner(address account) public view returns (bool) {
        for (uint256 i = 0; i < owners.length; i++) {
            if (owners[i] == account) {
                return true;
            }
        }

        return false;
    }


    function isValidSignature(bytes32 hash, bytes calldata signature)
        external view returns (bytes4)
    {
        uint256 n = owners.length;

        if (n == 0 || signature.length != n * 65) {
            return 0xffffffff;
        }

        for (uint256 i = 0; i < n; i++) {
            bytes calldata part = signature[i * 65 : (i + 1) * 65];

            address signer = ecrecover(hash, uint8(part[64]),
                bytes32(part[0 : 32]), bytes32(part[32 : 64]));

            if (signer == address(0) || signer != owners[i]) {
                return 0xffffffff;
            }
        }

        return 0x1626ba7e;
    }
}


/// What an account may answer instead.

contract BadWallet {

    enum Kind {
        Burns, Reverts, RevertsMagic, Nothing, Short, Long, Garbage,
        True, Huge, Itself, Writes
    }

    Kind public immutable kind;
    uint256 public written;

    uint256 constant MAGIC = 0x1626ba7e << 224;


    constructor(Kind kind_) {
        kind = kind_;
    }


    function isValidSignature(bytes32 hash, bytes calldata signature) external
    {
        uint256 magic = MAGIC;

        if (kind == Kind.Burns) {
            for (;;) {
                hash = keccak256(abi.encode(hash));
            }
        }

        if (kind == Kind.Reverts) {
            revert("no");
        }

        if (kind == Kind.RevertsMagic) {
            assembly {
                mstore(0, magic)
                revert(0, 32)
            }
        }

        if (kind == Kind.Nothing) {
            assembly {
                return(0, 0)
            }
        }

        if (kind == Kind.Short) {
            assembly {
                mstore(0, magic)
                return(0, 4)
            }
        }

        if (kind == Kind.Long) {
            assembly {
                mstore(0, magic)
                return(0, 64)
            }
        }

        if (kind == Kind.Garbage) {
            assembly {
                mstore(0, add(magic, 1))
                return(0, 32)
            }
        }

        if (kind == Kind.True) {
            assembly {
                mstore(0, 1)
                return(0, 32)
            }
        }

        if (kind == Kind.Huge) {
            assembly {
                mstore(0, magic)
                return(0, 500000)
            }
        }

        if (kind == Kind.Itself) {
            this.isValidSignature(hash, signature);
        }

        written = 1;

        assembly {
            mstore(0, magic)
            return(0, 32)
        }
    }
}
