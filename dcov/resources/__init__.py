"""The wanted state of things on a server."""

from __future__ import annotations

from dcov.change import Action, Change, compare, unified
from dcov.converge.resource import Content, Resource, Step
from dcov.resources.absent_network import AbsentNetwork
from dcov.resources.absent_path import AbsentPath
from dcov.resources.absent_services import AbsentServices
from dcov.resources.absent_volume import AbsentVolume
from dcov.resources.authorized_key import AuthorizedKey
from dcov.resources.binary import Binary
from dcov.resources.command import Command
from dcov.resources.current_image import CurrentImage
from dcov.resources.directory import AbsentDirectory, AbsentTree, Directory
from dcov.resources.file import AbsentFile, File, KeptFile
from dcov.resources.group import AbsentGroup, Group
from dcov.resources.image import Image
from dcov.resources.loaded_image import LoadedImage
from dcov.resources.network import SharedNetwork
from dcov.resources.package import AbsentPackage, Package, Packages
from dcov.resources.port import FreePort
from dcov.resources.secret_file import SecretFile
from dcov.resources.services import Services, compose_check
from dcov.resources.unit import AbsentUnit, Unit
from dcov.resources.unpacked import Unpacked
from dcov.resources.user import AbsentUser, User
from dcov.resources.volume import FilledVolume
from dcov.ssh.command import Argv, Finished, Shell

__all__ = [
    "AbsentDirectory",
    "AbsentFile",
    "AbsentGroup",
    "AbsentNetwork",
    "AbsentPackage",
    "AbsentPath",
    "AbsentServices",
    "AbsentTree",
    "AbsentUnit",
    "AbsentUser",
    "AbsentVolume",
    "Action",
    "Argv",
    "AuthorizedKey",
    "Binary",
    "Change",
    "Command",
    "Content",
    "CurrentImage",
    "Directory",
    "File",
    "FilledVolume",
    "Finished",
    "FreePort",
    "Group",
    "Image",
    "KeptFile",
    "LoadedImage",
    "Package",
    "Packages",
    "Resource",
    "SecretFile",
    "Services",
    "SharedNetwork",
    "Shell",
    "Step",
    "Unit",
    "Unpacked",
    "User",
    "compare",
    "compose_check",
    "unified",
]
